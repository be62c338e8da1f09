#pragma once
#include <memory>

#include <torch/nn/modules/conv.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "networks/discriminator.h"

namespace medvol::tests {

/// A discriminator of two convolutions for tests of trainings.
class TinyCritic : public networks::Discriminator {
 public:
  /// `with_logits` false: features only, as SegAN's.
  TinyCritic(const networks::DiscriminatorShape& shape, bool with_logits) : with_logits_(with_logits) {
    if (shape.dimensions == 3) {
      first_ = register_module("first", torch::nn::Conv3d(torch::nn::Conv3dOptions(shape.in_channels, 4, 3).stride(2)));
      last_ = register_module("last", torch::nn::Conv3d(torch::nn::Conv3dOptions(4, 1, 1)));
    } else {
      flat_first_ =
          register_module("first", torch::nn::Conv2d(torch::nn::Conv2dOptions(shape.in_channels, 4, 3).stride(2)));
      flat_last_ = register_module("last", torch::nn::Conv2d(torch::nn::Conv2dOptions(4, 1, 1)));
    }
  }
  networks::Judgement forward(const torch::Tensor& x) override {
    const torch::Tensor inner = torch::leaky_relu(first_ ? first_->forward(x) : flat_first_->forward(x), 0.2);
    const torch::Tensor logits = last_ ? last_->forward(inner) : flat_last_->forward(inner);
    if (!with_logits_) return {{}, {{x, inner}}};
    return {{logits}, {{inner}}};
  }
  void initialize(torch::Generator generator) override {
    const torch::NoGradGuard no_grad;
    for (torch::Tensor& parameter : parameters()) parameter.normal_(0, 0.2, generator);
  }

 private:
  bool with_logits_;
  torch::nn::Conv3d first_{nullptr}, last_{nullptr};
  torch::nn::Conv2d flat_first_{nullptr}, flat_last_{nullptr};
};

}  // namespace medvol::tests
