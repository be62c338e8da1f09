#pragma once
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "networks/blocks/conv_unit.h"

namespace medvol::networks {

struct SpadeBlockOptions {
  int64_t axes = 3;  ///< spatial
  int64_t in_channels = 1, out_channels = 1;
  int64_t labels = 2;  ///< channels of the label map
  int64_t hidden = 128;
  bool batch_norm = false;  ///< else instance norm; both without scale and shift of their own
  double negative_slope = 0.2;
  double shared_slope = 0;  ///< of the activation between the label map's two convolutions; 0: ReLU
};

/// Spatially adaptive normalisation (Park et al., CVPR 2019, eq. 1): norm(x)·(1 + γ(m)) + β(m), where γ and β are
/// convolutions of the label map m.
class SpadeNormImpl : public torch::nn::Module {
 public:
  SpadeNormImpl(const SpadeBlockOptions& options, int64_t channels);
  /// x: [N, C, …]; labels: [N, K, …] of the same size.
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& labels);

 private:
  torch::Tensor normalized(const torch::Tensor& x);

  bool batch_norm_;
  torch::Tensor running_mean_, running_var_;  ///< of the batch norm
  ConvUnit shared_{nullptr}, gamma_{nullptr}, beta_{nullptr};
};
TORCH_MODULE(SpadeNorm);

/// SPADE's residual block (Park et al., figure 4): twice SPADE, leaky ReLU and a 3×3 convolution; where the width
/// changes the shortcut is SPADE and a 1×1 convolution. Names and output equal MONAI's SPADENetResBlock without the
/// instance norms that MONAI, unlike the paper, has after γ and β.
class SpadeBlockImpl : public torch::nn::Module {
 public:
  explicit SpadeBlockImpl(const SpadeBlockOptions& options);
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& labels);

 private:
  double negative_slope_;
  ConvUnit conv_0_{nullptr}, conv_1_{nullptr}, conv_s_{nullptr};
  SpadeNorm norm_0_{nullptr}, norm_1_{nullptr}, norm_s_{nullptr};
};
TORCH_MODULE(SpadeBlock);

}  // namespace medvol::networks
