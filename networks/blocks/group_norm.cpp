#include "networks/blocks/group_norm.h"

#include "framework/core/error.h"

namespace medvol::networks {

GroupNormImpl::GroupNormImpl(int64_t groups, int64_t channels, double epsilon) : groups_(groups), epsilon_(epsilon) {
  MEDVOL_CHECK(channels % groups == 0, "{} channels in {} groups", channels, groups);
  weight_ = register_parameter("weight", torch::ones({channels}));
  bias_ = register_parameter("bias", torch::zeros({channels}));
}

torch::Tensor GroupNormImpl::forward(const torch::Tensor& x) {
  return torch::group_norm(x, groups_, weight_, bias_, epsilon_);
}

void GroupNormImpl::initialize() {
  const torch::NoGradGuard no_grad;
  weight_.fill_(1);
  bias_.zero_();
}

}  // namespace medvol::networks
