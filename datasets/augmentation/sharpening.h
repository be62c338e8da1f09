#pragma once
#include <vector>

#include "datasets/augmentation/source_patch.h"

namespace medvol::datasets {

/// v + strength · Σ (v − neighbour) over the neighbours along each axis; the border voxel is its own neighbour outside
/// (batchgeneratorsv2's SharpeningTransform). `values`: [D, H, W], in place; `before` is scratch memory.
void sharpen(float* values, const Index3& size, double strength, std::vector<float>& before);

}  // namespace medvol::datasets
