#pragma once
#include <cstdint>

#include "datasets/augmentation/step_chances.h"
#include "framework/config/fields.h"

namespace medvol::datasets {

struct NoiseOptions {
  double probability = 0.1, sigma = 0.1;
  bool after_blur = false;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("probability", probability, "share of samples that get Gaussian noise", config::between(0, 1));
    visit("sigma", sigma,
          "largest standard deviation, drawn from 0 to this, one for all channels (nnU-Net calls it "
          "variance and uses it as standard deviation)",
          config::at_least(0));
    visit("after_blur", after_blur, "not before blur and median, as nnU-Net's default has it, but after (its DA5)");
  }
};

struct BlurOptions {
  double probability = 0.2, channel_probability = 0.5, low = 0.5, high = 1.0;
  bool same_for_axes = false;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit_chances(visit, *this, "share of samples that are blurred");
    visit("low", low, "smallest Gaussian sigma in voxels, drawn per channel and axis", config::positive());
    visit("high", high, "largest Gaussian sigma in voxels", config::between(0, 8));
    visit("same_for_axes", same_for_axes, "one sigma for the axes of a channel");
  }
};

struct MedianOptions {
  double probability = 0, channel_probability = 0.5;
  int64_t low = 2, high = 7;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit_chances(
        visit, *this,
        "share of samples that are median filtered; none of them is blurred too, so that blur.probability + this is "
        "at most 1");
    visit("low", low, "smallest edge of the cube (3D) or square (2D) in voxels, drawn per channel",
          config::between(1, 9));
    visit("high", high, "largest edge in voxels", config::between(1, 9));
  }
};

struct LowResolutionOptions {
  double probability = 0.25, channel_probability = 0.5, low = 0.5, high = 1.0;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit_chances(visit, *this, "share of samples that are taken through a coarser grid");
    visit("low", low, "smallest size of the coarser grid as a share of the patch", config::between(0.01, 1));
    visit("high", high, "largest size of the coarser grid as a share of the patch", config::between(0.01, 1));
  }
};

struct CutOutOptions {
  double probability = 0, channel_probability = 0.5, low = 0.1, high = 1.0 / 3;
  int64_t most = 4;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit_chances(visit, *this, "share of samples with boxes that are blanked out");
    visit("low", low, "smallest edge as a share of the patch's, drawn per axis; one voxel at least",
          config::between(0, 1));
    visit("high", high, "an edge is shorter than this share of the patch's", config::between(0, 1));
    visit("most", most, "boxes a channel, from 1 to this; each becomes the mean of what it covers",
          config::between(1, 16));
  }
};

struct SharpeningOptions {
  double probability = 0, channel_probability = 0.5, low = 0.1, high = 1;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit_chances(visit, *this, "share of samples that are sharpened");
    visit("low", low, "smallest share of the negative Laplacian that is added", config::at_least(0));
    visit("high", high, "largest share of the negative Laplacian that is added", config::at_least(0));
  }
};

}  // namespace medvol::datasets
