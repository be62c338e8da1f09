#pragma once
#include <vector>

#include <ATen/core/Tensor.h>

namespace medvol::networks {

/// Bilinear or trilinear interpolation of x [N, C, (D,) H, W] by a whole factor an axis; corners not aligned. By
/// factor, not by size, so that a trace holds for every size.
at::Tensor upsample_linear(const at::Tensor& x, const std::vector<int64_t>& factors);

}  // namespace medvol::networks
