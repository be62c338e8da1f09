#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "datasets/augmentation/artefact_options.h"
#include "datasets/augmentation/intensity_options.h"
#include "datasets/augmentation/previous_stage_options.h"
#include "datasets/augmentation/spatial_options.h"
#include "datasets/augmentation/texture_options.h"

namespace medvol::datasets {

/// What happens to a training sample, in this order. The defaults are nnU-Net v2's training transforms: rotation and
/// scaling (one interpolation), noise, blur, brightness, contrast, low resolution, inverted gamma, gamma, mirroring;
/// the other steps are off. experiments/conf/augmentation/nnunet_da5.yaml is its stronger variant,
/// mr_artefacts.yaml is for magnetic resonance.
struct AugmentationOptions {
  bool enabled = true;
  std::optional<bool> dummy_2d;
  RotationOptions rotation;
  ScalingOptions scaling;
  ElasticOptions elastic;
  RightAnglesOptions right_angles;
  TranspositionOptions transposition;
  MotionOptions motion;
  GhostingOptions ghosting;
  SpikeOptions spike;
  BiasFieldOptions bias_field;
  AnisotropyOptions anisotropy;
  NoiseOptions noise;
  MedianOptions median;
  BlurOptions blur;
  FactorOptions brightness{0.15, 0.75, 1.25};
  ShiftOptions brightness_shift;
  FactorOptions contrast{0.15, 0.75, 1.25};
  FactorOptions free_contrast{0, 0.5, 2};
  LowResolutionOptions low_resolution;
  FactorOptions gamma_inverted{0.1, 0.7, 1.5};
  GammaOptions gamma{0.3, 0.7, 1.5};
  HistogramShiftOptions histogram_shift;
  MirrorOptions mirror;
  CutOutOptions cut_out;
  BrightnessGradientOptions brightness_gradient;
  LocalGammaOptions local_gamma;
  SharpeningOptions sharpening;
  PreviousMorphologyOptions previous_morphology;
  PreviousRemovalOptions previous_removal;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("enabled", enabled, "false: patches are cut out and left as they are");
    visit("dummy_2d", dummy_2d,
          "rotate, scale and coarsen within slices only. Unset, nnU-Net's rule: when the first "
          "axis of a 3D patch is more than three times shorter than the longest");
    visit("rotation", rotation, "rotation about the patch centre");
    visit("scaling", scaling, "scaling about the patch centre");
    visit("elastic", elastic, "smooth bending");
    visit("right_angles", right_angles, "rotation by 0, 90, 180 or 270 degrees in a plane of equally long axes");
    visit("transposition", transposition, "equally long axes in another order");
    visit("motion", motion, "the patient moves while k-space is filled");
    visit("ghosting", ghosting, "fainter copies along an axis");
    visit("spike", spike, "stripes, from one wrong value of k-space");
    visit("bias_field", bias_field, "intensities that vary smoothly over the image");
    visit("anisotropy", anisotropy, "thick slices along one axis");
    visit("noise", noise, "additive Gaussian noise");
    visit("median", median, "median filter");
    visit("blur", blur, "Gaussian blur");
    visit("brightness", brightness, "multiplication of intensities");
    visit("brightness_shift", brightness_shift, "a number added to the intensities of a channel");
    visit("contrast", contrast, "stretching of intensities about the channel's mean, kept within its old range");
    visit("free_contrast", free_contrast,
          "the same, not kept within the old range; never together with contrast, so that the two probabilities are at "
          "most 1 together");
    visit("low_resolution", low_resolution, "nearest-neighbour reduction, linear enlargement");
    visit("gamma_inverted", gamma_inverted, "gamma curve of the negative image; mean and spread are restored");
    visit("gamma", gamma, "gamma curve; mean and spread are restored");
    visit("histogram_shift", histogram_shift, "a random increasing curve of intensities");
    visit("mirror", mirror, "mirroring");
    visit("cut_out", cut_out, "boxes that are blanked out");
    visit("brightness_gradient", brightness_gradient, "a Gaussian window that is added");
    visit("local_gamma", local_gamma, "a gamma curve within a Gaussian window");
    visit("sharpening", sharpening, "the negative Laplacian added");
    visit("previous_morphology", previous_morphology,
          "labels of the stage before, in a cascade: dilated, eroded, opened or closed with a ball");
    visit("previous_removal", previous_removal, "labels of the stage before, in a cascade: components taken out");
  }
};

/// The chance of every step, by the step's name, as pointers into `options`.
inline std::vector<std::pair<std::string, double*>> step_probabilities(AugmentationOptions& options) {
  std::vector<std::pair<std::string, double*>> found;
  auto collect = [&](const char* name, auto& member, std::string_view, const auto&...) {
    if constexpr (requires { member.probability; }) found.emplace_back(name, &member.probability);
  };
  options.fields(collect);
  return found;
}

}  // namespace medvol::datasets
