#include "networks/blocks/activation.h"

namespace medvol::networks {

ActivationImpl::ActivationImpl(const ActivationOptions& options) : options_(options) {
  if (options_.kind == ActivationKind::prelu)
    weight_ = register_parameter("weight", torch::full({options_.slopes}, options_.slope));
}

torch::Tensor ActivationImpl::forward(const torch::Tensor& x) {
  switch (options_.kind) {
    case ActivationKind::relu:
      return torch::relu(x);
    case ActivationKind::leaky_relu:
      return torch::leaky_relu(x, options_.slope);
    case ActivationKind::elu:
      return torch::elu(x);
    case ActivationKind::prelu:  // autocast does not bring the slopes to x's type
      return torch::prelu(x, weight_.scalar_type() == x.scalar_type() ? weight_ : weight_.to(x.scalar_type()));
    case ActivationKind::none:
      break;
  }
  return x;
}

}  // namespace medvol::networks
