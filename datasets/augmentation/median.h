#pragma once
#include <cstdint>
#include <vector>

#include "datasets/augmentation/source_patch.h"

namespace medvol::datasets {

/// Memory of the median filter.
struct MedianScratch {
  std::vector<uint16_t> levels, fine;
  std::vector<int64_t> columns;
};

/// The voxel that stands in for one outside: the mirror image with the border voxel doubled.
int64_t mirrored(int64_t index, int64_t size);

/// Median of the cube of `edge` voxels about each voxel (of an even number of values the upper middle one; an even edge
/// reaches one voxel further back), the image continued as `mirrored` says: SciPy's
/// median_filter. Values are counted on 65 536 levels between minimum and maximum, so that a result is right to
/// 1/131 070 of the range. A running histogram: cost per voxel grows with edge². `values`: [D, H, W], in place; along
/// an axis of one voxel there is no neighbour.
void median_filter(float* values, const Index3& size, int64_t edge, MedianScratch& scratch);

}  // namespace medvol::datasets
