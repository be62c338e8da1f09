#pragma once
#include <vector>

#include "networks/blocks/conv_block.h"

namespace medvol::networks {

/// Convolution → instance norm, without the non-linearity.
class ConvNormImpl : public torch::nn::Module {
 public:
  explicit ConvNormImpl(const ConvolutionOptions& options);
  torch::Tensor forward(const torch::Tensor& x);
  /// Scale and shift 0: nothing passes at first.
  void close();

 private:
  Convolution conv_{nullptr};
  InstanceNorm norm_{nullptr};
};
TORCH_MODULE(ConvNorm);

/// Two convolutions and a shortcut, ResNet-D (He et al., CVPR 2019, "Bag of tricks"): where it strides, the shortcut is
/// an average pooling, and where the width changes a 1×1 convolution without bias. Names as
/// dynamic-network-architectures' BasicBlockD: `conv1`, `conv2`, `skip.0` or, after a pooling, `skip.1`.
class ResidualBlockImpl : public torch::nn::Module {
 public:
  /// `options`: the first convolution.
  ResidualBlockImpl(const ConvolutionOptions& options, double negative_slope);
  torch::Tensor forward(const torch::Tensor& x);
  /// The block begins as its shortcut: the last norm's scale and shift are 0 (Goyal et al. 2017).
  void close();

 private:
  double negative_slope_;
  std::vector<int64_t> pooling_;  ///< empty: none
  ConvBlock conv1_{nullptr};
  ConvNorm conv2_{nullptr}, projection_{nullptr};
};
TORCH_MODULE(ResidualBlock);

/// `count` residual blocks of one width; only the first has the stride and the input's channels.
class StackedResidualBlocksImpl : public torch::nn::Module {
 public:
  StackedResidualBlocksImpl(int64_t count, ConvolutionOptions first, double negative_slope);
  torch::Tensor forward(torch::Tensor x);

 private:
  torch::nn::ModuleList blocks_;
};
TORCH_MODULE(StackedResidualBlocks);

/// Closes every residual block beneath `module`.
void close_residual_blocks(torch::nn::Module& module);

}  // namespace medvol::networks
