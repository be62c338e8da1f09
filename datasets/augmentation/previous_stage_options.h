#pragma once
#include <cstdint>

#include "framework/config/fields.h"

namespace medvol::datasets {

/// nnU-Net's ApplyRandomBinaryOperatorTransform.
struct PreviousMorphologyOptions {
  double probability = 0.4, label_probability = 0.5, low = 1, high = 8;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("probability", probability, "share of samples it is applied to", config::between(0, 1));
    visit("label_probability", label_probability, "share of labels within such a sample", config::between(0, 1));
    visit("low", low, "smallest radius of the ball, in voxels", config::at_least(0));
    visit("high", high, "largest radius", config::between(0, 64));
  }
};

/// nnU-Net's RemoveRandomConnectedComponentFromOneHotEncodingTransform.
struct PreviousRemovalOptions {
  double probability = 0.2, label_probability = 0.5, largest = 0.15;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("probability", probability, "share of samples it is applied to", config::between(0, 1));
    visit("label_probability", label_probability, "share of labels that lose a component within such a sample",
          config::between(0, 1));
    visit("largest", largest, "a component that fills this share of the patch or more stays", config::between(0, 1));
  }
};

}  // namespace medvol::datasets
