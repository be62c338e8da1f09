#pragma once
#include <torch/types.h>

namespace medvol::losses {

/// Σ w x / Σ w; 0 when nothing counts. weight: broadcasts to x, or undefined: the plain mean.
inline torch::Tensor weighted_mean(const torch::Tensor& x, const torch::Tensor& weight) {
  if (!weight.defined()) return x.mean();
  const torch::Tensor w = weight.to(x.dtype()).expand_as(x);
  return (x * w).sum() / w.sum().clamp_min(1e-8);
}

}  // namespace medvol::losses
