#pragma once
#include <string>

#include "framework/plan/plan.h"

namespace medvol::datasets {

/// How nnU-Net normalises a channel of this name: CT, noNorm, rescale_to_0_1, rgb_to_0_1 in upper or lower case, else
/// by mean and deviation.
plan::Normalization normalization_of(std::string channel);

}  // namespace medvol::datasets
