#pragma once
#include <torch/types.h>

namespace medvol::losses {

/// Losses compute in float32, so that half types neither overflow nor round sums away; float64 stays float64.
inline torch::Tensor at_least_float32(const torch::Tensor& x) {
  return x.scalar_type() == torch::kFloat64 ? x : x.to(torch::kFloat32);
}

}  // namespace medvol::losses
