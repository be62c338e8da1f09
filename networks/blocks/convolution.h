#pragma once
#include <vector>

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

namespace medvol::networks {

struct ConvolutionOptions {
  int64_t in_channels = 1, out_channels = 1;
  std::vector<int64_t> kernel_size = {};  ///< one entry a spatial axis: its length makes the convolution 2D or 3D
  std::vector<int64_t> stride = {};
  bool bias = true;
  bool transposed = false;                   ///< up-sampling by `stride`
  std::vector<int64_t> padding = {};         ///< empty: half the dilated kernel ("same"), and none where transposed
  std::vector<int64_t> output_padding = {};  ///< of a transposed convolution; empty: none
  std::vector<int64_t> dilation = {};        ///< empty: ones
};

/// A transposed convolution whose output is exactly `stride` times its input, for a kernel of any odd size.
ConvolutionOptions same_transposed(int64_t in_channels, int64_t out_channels, std::vector<int64_t> kernel_size,
                                   std::vector<int64_t> stride);

/// A convolution of two or three spatial axes from one source.
/// x: [N, in, (D,) H, W] → [N, out, …].
class ConvolutionImpl : public torch::nn::Module {
 public:
  explicit ConvolutionImpl(ConvolutionOptions options);
  torch::Tensor forward(const torch::Tensor& x);
  /// He et al. 2015, normal, fan-in, for a leaky slope `slope`; bias 0 (nnU-Net's InitWeights_He).
  void initialize(torch::Generator generator, double slope);
  const ConvolutionOptions& options() const { return options_; }

 private:
  ConvolutionOptions options_;
  torch::Tensor weight_, bias_;
};
TORCH_MODULE(Convolution);

/// Initialises every Convolution beneath `module`, in the order of their names.
void initialize_convolutions(torch::nn::Module& module, torch::Generator generator, double slope);

}  // namespace medvol::networks
