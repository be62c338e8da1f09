#pragma once
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "networks/blocks/activation.h"
#include "networks/blocks/batch_norm.h"
#include "networks/blocks/conv_block.h"

namespace medvol::networks {

/// `instance` learns a scale and a shift, `plain_instance` does not.
enum class Normalization { none, instance, plain_instance, batch };

struct ConvUnitOptions {
  ConvolutionOptions convolution = {};
  Normalization norm = Normalization::none;
  ActivationOptions activation = {ActivationKind::none};
};

/// Convolution → norm → activation, each of the two optional; named as MONAI's Convolution is: `conv`, `adn.N`,
/// `adn.A`.
class ConvUnitImpl : public torch::nn::Module {
 public:
  explicit ConvUnitImpl(const ConvUnitOptions& options);
  torch::Tensor forward(const torch::Tensor& x);
  int64_t out_channels() const;

 private:
  torch::Tensor normalized(const torch::Tensor& x);

  Normalization norm_;
  Convolution conv_{nullptr};
  InstanceNorm instance_norm_{nullptr};
  BatchNorm batch_norm_{nullptr};
  Activation activation_{nullptr};
};
TORCH_MODULE(ConvUnit);

}  // namespace medvol::networks
