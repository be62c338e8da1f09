#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "datasets/augmentation/source_patch.h"

namespace medvol::datasets {

/// Takes `values` [D, H, W] to a grid of round(size · scale) voxels (nearest neighbour, torch's "nearest-exact") and
/// back (trilinear, align_corners = false), in place. With `in_plane` the z axis keeps its size. The vectors are
/// scratch.
void simulate_low_resolution(float* values, const Index3& size, double scale, bool in_plane, std::vector<float>& coarse,
                             std::vector<float>& rows, std::vector<int32_t>& table);

}  // namespace medvol::datasets
