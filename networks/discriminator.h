#pragma once
#include <memory>
#include <vector>

#include <torch/nn/module.h>
#include "framework/registry/registry.h"

namespace medvol::networks {

/// What a discriminator must fit.
struct DiscriminatorShape {
  int64_t dimensions = 3;           ///< 2: input [N, C, H, W]; 3: [N, C, D, H, W]
  int64_t in_channels = 1;          ///< of the judged image and its condition together
  std::vector<int64_t> patch_size;  ///< spatial size it will see, in tensor order: limits how often it can halve it
};

/// What a discriminator says of a batch.
struct Judgement {
  std::vector<torch::Tensor> logits;                 ///< a scale: [N, 1, (D,) H, W], above 0 for real; may be empty
  std::vector<std::vector<torch::Tensor>> features;  ///< a scale: the outputs of its layers, first layer first
};

/// Tells real from made images. No sigmoid inside.
class Discriminator : public torch::nn::Module {
 public:
  /// x: [N, C, (D,) H, W], any size of at least the patch's.
  virtual Judgement forward(const torch::Tensor& x) = 0;
  /// Fills all parameters, and the buffers of spectral normalisation, from this generator.
  virtual void initialize(torch::Generator generator) = 0;
};

using DiscriminatorRegistry = registry::Registry<std::shared_ptr<Discriminator>, const DiscriminatorShape&>;
using DiscriminatorChoice = registry::Choice<std::shared_ptr<Discriminator>, const DiscriminatorShape&>;

}  // namespace medvol::networks
