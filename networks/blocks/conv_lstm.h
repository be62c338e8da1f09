#pragma once
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "networks/blocks/convolution.h"

namespace medvol::networks {

struct ConvLstmOptions {
  int64_t in_channels = 1;
  int64_t hidden_channels = 1;
  int64_t kernel_size = 3;  ///< in-plane, odd
};

/// Convolutional LSTM along the slices of a volume (Shi et al., NIPS 2015), without peepholes, whose weights would
/// belong to one image size:
///   i, f, g, o = split(W_x * x_t + W_h * h_{t-1} + b)        (* is a convolution in the slice)
///   c_t = σ(f) c_{t-1} + σ(i) tanh(g),   h_t = σ(o) tanh(c_t),   c_0 = h_0 = 0
/// Its channels are in torch.nn.LSTM's order; on slices of one voxel it is that LSTM. The number of slices is a loop:
/// a trace holds for the one that it was made with, and for all in-plane sizes.
class ConvLstmImpl : public torch::nn::Module {
 public:
  explicit ConvLstmImpl(const ConvLstmOptions& options);
  /// x: [N, in, D, H, W] → hidden states [N, hidden, D, H, W] in the order of x; `reverse`: from the last slice on.
  torch::Tensor forward(const torch::Tensor& x, bool reverse = false);
  /// Normal of variance 1/fan-in, the forget gate's bias 1 (Jozefowicz et al., ICML 2015), the others' 0.
  void initialize(torch::Generator generator);

 private:
  int64_t hidden_channels_;
  Convolution input_{nullptr}, hidden_{nullptr};
};
TORCH_MODULE(ConvLstm);

/// One ConvLstm a direction, their states side by side: x [N, in, D, H, W] → [N, 2·hidden, D, H, W], from the first
/// slice on and then from the last.
class BidirectionalConvLstmImpl : public torch::nn::Module {
 public:
  explicit BidirectionalConvLstmImpl(const ConvLstmOptions& options);
  torch::Tensor forward(const torch::Tensor& x);

 private:
  ConvLstm ahead_{nullptr}, back_{nullptr};
};
TORCH_MODULE(BidirectionalConvLstm);

}  // namespace medvol::networks
