#pragma once
#include <vector>

#include "datasets/augmentation/augmentation_draws.h"
#include "datasets/augmentation/source_patch.h"

namespace medvol::datasets {

/// Each box in turn becomes the mean of what it covers (DeVries and Taylor 2017, "Improved regularization of
/// convolutional neural networks with cutout", as nnU-Net's DA5 has it). `values`: [D, H, W].
void cut_out(float* values, const Index3& size, const std::vector<BoxDraws>& boxes);

}  // namespace medvol::datasets
