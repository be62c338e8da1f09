#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "datasets/augmentation/source_patch.h"

namespace medvol::datasets {

/// Voxels of the coarser axis.
int64_t coarse_length(int64_t size, double scale);

/// Which voxel of an axis of `from` voxels stands for voxel `index` of one of `to` (torch's "nearest-exact").
int64_t nearest_exact(int64_t index, int64_t from, int64_t to);

/// The two voxels of a coarse axis between which a voxel of the fine one lies.
struct LinearTap {
  int64_t low, high;
  float share;  ///< of `high`
};
LinearTap linear_tap(int64_t index, int64_t fine, int64_t coarse);

/// Takes `values` [D, H, W] to a grid of round(size · scale) voxels (nearest neighbour, torch's "nearest-exact") and
/// back (trilinear, align_corners = false), in place. With `in_plane` the z axis keeps its size. The vectors are
/// scratch.
void simulate_low_resolution(float* values, const Index3& size, double scale, bool in_plane, std::vector<float>& coarse,
                             std::vector<float>& rows, std::vector<int32_t>& table);

}  // namespace medvol::datasets
