#include "networks/blocks/conv_unit.h"

namespace medvol::networks {

ConvUnitImpl::ConvUnitImpl(const ConvUnitOptions& options) : norm_(options.norm) {
  conv_ = register_module("conv", Convolution(options.convolution));
  const auto adn = register_module("adn", std::make_shared<torch::nn::Module>());
  if (norm_ == Normalization::instance) instance_norm_ = adn->register_module("N", InstanceNorm(out_channels()));
  if (norm_ == Normalization::batch) batch_norm_ = adn->register_module("N", BatchNorm(out_channels()));
  activation_ = adn->register_module("A", Activation(options.activation));
}

int64_t ConvUnitImpl::out_channels() const { return conv_->options().out_channels; }

torch::Tensor ConvUnitImpl::normalized(const torch::Tensor& x) {
  switch (norm_) {
    case Normalization::instance:
      return instance_norm_->forward(x);
    case Normalization::plain_instance:
      return torch::instance_norm(x, {}, {}, {}, {}, /*use_input_stats=*/true, /*momentum=*/0.0, /*eps=*/1e-5,
                                  /*cudnn_enabled=*/true);
    case Normalization::batch:
      return batch_norm_->forward(x);
    case Normalization::none:
      break;
  }
  return x;
}

torch::Tensor ConvUnitImpl::forward(const torch::Tensor& x) {
  return activation_->forward(normalized(conv_->forward(x)));
}

}  // namespace medvol::networks
