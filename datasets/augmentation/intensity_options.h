#pragma once
#include "datasets/augmentation/step_chances.h"
#include "framework/config/fields.h"

namespace medvol::datasets {

/// A factor that is drawn below or above 1 with even chance when its range reaches below 1 (nnU-Net's BGContrast).
struct FactorOptions {
  double probability = 0, low = 1, high = 1, channel_probability = 1;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("probability", probability, "share of samples it is applied to", config::between(0, 1));
    visit("low", low, "smallest factor, drawn per channel: half of them from [low, 1)", config::positive());
    visit("high", high, "largest factor: the other half from [1, high)", config::positive());
    visit("channel_probability", channel_probability, "share of channels within such a sample", config::between(0, 1));
  }
};

struct GammaOptions {
  double probability = 0, low = 1, high = 1;
  bool inverted = false;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("probability", probability, "share of samples it is applied to", config::between(0, 1));
    visit("low", low, "smallest exponent, drawn per channel: half of them from [low, 1)", config::positive());
    visit("high", high, "largest exponent: the other half from [1, high)", config::positive());
    visit("inverted", inverted, "of the negative image, as in both gamma steps of nnU-Net's DA5");
  }
};

struct ShiftOptions {
  double probability = 0, channel_probability = 0.5, sigma = 0.5;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit_chances(visit, *this, "share of samples whose channels are made brighter or darker");
    visit("sigma", sigma, "standard deviation of the number that is added", config::at_least(0));
  }
};

/// A Gaussian window that lies anywhere, also beside the patch: its width along an axis is drawn from a sixth of the
/// patch to the whole (evenly on a logarithmic scale), its centre from -½ to 1½ of it; it is stretched to run from 0 to
/// 1 over the patch (batchgeneratorsv2's LocalTransform with nnU-Net's ranges).
struct BrightnessGradientOptions {
  double probability = 0, channel_probability = 0.5, low = 1, high = 5;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit_chances(visit, *this, "share of samples to which a Gaussian window is added");
    visit("low", low, "smallest height of the window; its sign is drawn", config::at_least(0));
    visit("high", high, "largest height of the window", config::at_least(0));
  }
};

struct LocalGammaOptions {
  double probability = 0, channel_probability = 0.5, low = 0.01, below = 0.8, above = 1.5, high = 4;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit_chances(visit, *this, "share of samples that go over to a gamma curve within a Gaussian window");
    visit("low", low, "smallest exponent: half of them are drawn from low to below", config::positive());
    visit("below", below, "see low", config::positive());
    visit("above", above, "see high", config::positive());
    visit("high", high, "largest exponent: the other half is drawn from above to high", config::positive());
  }
};

}  // namespace medvol::datasets
