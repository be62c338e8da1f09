#pragma once
#include <vector>

#include <ATen/core/Tensor.h>

namespace medvol::networks {

/// Repeats each voxel of x [N, C, (D,) H, W] by a whole factor an axis. By factor, not by size, so that a trace holds
/// for every size.
at::Tensor upsample_nearest(const at::Tensor& x, const std::vector<int64_t>& factors);

}  // namespace medvol::networks
