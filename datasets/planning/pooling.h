#pragma once
#include <cstdint>
#include <vector>

namespace medvol::datasets {

/// How deep a U-Net goes on each axis, by nnU-Net's rule (`get_pool_and_conv_props`).
struct Pooling {
  std::vector<std::vector<int64_t>> strides;       ///< one a stage, the first all ones
  std::vector<std::vector<int64_t>> kernel_sizes;  ///< one a stage
  std::vector<int64_t> divisor;                    ///< what each patch size is a multiple of
  std::vector<int64_t> patch_size;                 ///< the size asked for, padded up to a multiple of `divisor`
};

/// `size` may be fractional (a median of even count). An axis is halved while it has at least 8 voxels and its spacing
/// is within a factor of 2 of the finest such axis; a lone axis only while it has 12; its kernel grows from 1 to 3 once
/// it is within that factor.
Pooling plan_pooling(const std::vector<double>& spacing, const std::vector<double>& size);

}  // namespace medvol::datasets
