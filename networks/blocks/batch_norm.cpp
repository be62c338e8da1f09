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
  return torch::batch_norm(x, weight_, bias_, running_mean_, running_var_, is_training(), /*momentum=*/0.1, epsilon_,
                           /*cudnn_enabled=*/true);
}

}  // namespace medvol::networks
