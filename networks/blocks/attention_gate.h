#pragma once
#include <torch/nn/module.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/pimpl.h>

#include "networks/blocks/batch_norm.h"
#include "networks/blocks/conv_unit.h"

namespace medvol::networks {

/// Additive attention gate (Oktay et al. 2018, eq. 1–2): α = σ(ψ(ReLU(W_g g + W_x x))), x·α, with 1×1 convolutions,
/// each before a batch norm. g and x have one size and width; α has one channel. Names as MONAI's AttentionBlock:
/// `W_g`, `W_x`, `psi`.
class AttentionGateImpl : public torch::nn::Module {
 public:
  /// `axes`: spatial ones; `inner`: channels of the sum.
  AttentionGateImpl(int64_t axes, int64_t channels, int64_t inner);
  torch::Tensor forward(const torch::Tensor& gate, const torch::Tensor& x);

 private:
  torch::nn::ModuleList projection(const std::string& name, int64_t axes, int64_t in_channels, int64_t out_channels);

  torch::nn::ModuleList gate_, features_, psi_;
};
TORCH_MODULE(AttentionGate);

}  // namespace medvol::networks
