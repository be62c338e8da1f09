#include "networks/blocks/batch_norm.h"

namespace medvol::networks {

BatchNormImpl::BatchNormImpl(int64_t channels, double epsilon) : epsilon_(epsilon) {
  weight_ = register_parameter("weight", torch::ones({channels}));
  bias_ = register_parameter("bias", torch::zeros({channels}));
  running_mean_ = register_buffer("running_mean", torch::zeros({channels}));
  running_var_ = register_buffer("running_var", torch::ones({channels}));
  num_batches_tracked_ = register_buffer("num_batches_tracked", torch::zeros({}, torch::kLong));
}

torch::Tensor BatchNormImpl::forward(const torch::Tensor& x) {
  if (is_training()) num_batches_tracked_.add_(1);
  if (is_training() && sum_) return forward_together(x);
  return torch::batch_norm(x, weight_, bias_, running_mean_, running_var_, is_training(), /*momentum=*/0.1, epsilon_,
                           /*cudnn_enabled=*/true);
}

torch::Tensor BatchNormImpl::forward_together(const torch::Tensor& x) {
  std::vector<int64_t> others{0}, shape(static_cast<size_t>(x.dim()), 1);
  for (int64_t axis = 2; axis < x.dim(); ++axis) others.push_back(axis);
  shape[1] = x.size(1);
  const torch::Tensor wide = x.to(torch::kFloat32);
  const auto own = static_cast<float>(x.numel() / x.size(1));
  const torch::Tensor count = sum_(torch::full({1}, own, wide.options()));
  // Two passes: squares of what is not centred lose digits.
  const torch::Tensor mean = sum_(wide.sum(others)) / count;
  const torch::Tensor centred = wide - mean.view(shape);
  const torch::Tensor variance = sum_(centred.square().sum(others)) / count;
  {
    const torch::NoGradGuard no_grad;
    running_mean_.lerp_(mean, 0.1);
    running_var_.lerp_(variance * (count / (count - 1).clamp_min(1)), 0.1);
  }
  const torch::Tensor scale = weight_ * torch::rsqrt(variance + epsilon_);
  return (centred * scale.view(shape) + bias_.view(shape)).to(x.dtype());
}

}  // namespace medvol::networks
