#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "framework/config/fields.h"

namespace medvol::datasets {

struct RotationOptions {
  double probability = 0.2;
  std::optional<double> degrees;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("probability", probability, "share of samples that are rotated", config::between(0, 1));
    visit("degrees", degrees,
          "largest angle; each axis draws its own from ± this. Unset, nnU-Net's: 30 in 3D; 180 in plane for a dummy-2D "
          "patch; in 2D 180, or 15 when the patch is longer than 1.5 times its width",
          config::between(0, 180));
  }
};

struct ScalingOptions {
  double probability = 0.2, low = 0.7, high = 1.4;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("probability", probability, "share of samples that are scaled, drawn apart from rotation",
          config::between(0, 1));
    visit("low", low, "smallest factor, one for all axes; below 1 objects grow", config::positive());
    visit("high", high, "largest factor; above 1 objects shrink", config::positive());
  }
};

struct NoiseOptions {
  double probability = 0.1, sigma = 0.1;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("probability", probability, "share of samples that get Gaussian noise", config::between(0, 1));
    visit("sigma", sigma,
          "largest standard deviation, drawn from 0 to this, one for all channels (nnU-Net calls it "
          "variance and uses it as standard deviation)",
          config::at_least(0));
  }
};

struct BlurOptions {
  double probability = 0.2, channel_probability = 0.5, low = 0.5, high = 1.0;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("probability", probability, "share of samples that are blurred", config::between(0, 1));
    visit("channel_probability", channel_probability, "share of channels within such a sample", config::between(0, 1));
    visit("low", low, "smallest Gaussian sigma in voxels, drawn per channel and axis", config::positive());
    visit("high", high, "largest Gaussian sigma in voxels", config::between(0, 8));
  }
};

/// A factor that is drawn below or above 1 with even chance when its range reaches below 1 (nnU-Net's BGContrast).
struct FactorOptions {
  double probability = 0, low = 1, high = 1;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("probability", probability, "share of samples it is applied to", config::between(0, 1));
    visit("low", low, "smallest factor, drawn per channel: half of them from [low, 1)", config::positive());
    visit("high", high, "largest factor: the other half from [1, high)", config::positive());
  }
};

struct LowResolutionOptions {
  double probability = 0.25, channel_probability = 0.5, low = 0.5, high = 1.0;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("probability", probability, "share of samples that are taken through a coarser grid", config::between(0, 1));
    visit("channel_probability", channel_probability, "share of channels within such a sample", config::between(0, 1));
    visit("low", low, "smallest size of the coarser grid as a share of the patch", config::between(0.01, 1));
    visit("high", high, "largest size of the coarser grid as a share of the patch", config::between(0.01, 1));
  }
};

struct MirrorOptions {
  double probability = 0.5;
  std::vector<int64_t> axes;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("probability", probability, "chance of each axis, drawn apart", config::between(0, 1));
    visit("axes", axes, "axes that may be mirrored, counted as in the patch size (3D: 0 = z); empty: all",
          config::between(0, 2));
  }
};

/// What happens to a training sample. The defaults are nnU-Net v2's training transforms, in its order: rotation and
/// scaling (one interpolation), noise, blur, brightness, contrast, low resolution, inverted gamma, gamma, mirroring.
struct AugmentationOptions {
  bool enabled = true;
  std::optional<bool> dummy_2d;
  RotationOptions rotation;
  ScalingOptions scaling;
  NoiseOptions noise;
  BlurOptions blur;
  FactorOptions brightness{0.15, 0.75, 1.25};
  FactorOptions contrast{0.15, 0.75, 1.25};
  LowResolutionOptions low_resolution;
  FactorOptions gamma_inverted{0.1, 0.7, 1.5};
  FactorOptions gamma{0.3, 0.7, 1.5};
  MirrorOptions mirror;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("enabled", enabled, "false: patches are cut out and left as they are");
    visit("dummy_2d", dummy_2d,
          "rotate, scale and coarsen within slices only. Unset, nnU-Net's rule: when the first "
          "axis of a 3D patch is more than three times shorter than the longest");
    visit("rotation", rotation, "rotation about the patch centre");
    visit("scaling", scaling, "scaling about the patch centre");
    visit("noise", noise, "additive Gaussian noise");
    visit("blur", blur, "Gaussian blur");
    visit("brightness", brightness, "multiplication of intensities");
    visit("contrast", contrast, "stretching of intensities about the channel's mean, kept within its old range");
    visit("low_resolution", low_resolution, "nearest-neighbour reduction, linear enlargement");
    visit("gamma_inverted", gamma_inverted, "gamma curve of the negative image; mean and spread are restored");
    visit("gamma", gamma, "gamma curve; mean and spread are restored");
    visit("mirror", mirror, "mirroring");
  }
};

}  // namespace medvol::datasets
