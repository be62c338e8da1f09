#pragma once
#include <vector>

#include <torch/torch.h>

namespace medvol::networks {

struct ConvolutionOptions {
  int64_t in_channels = 1, out_channels = 1;
  std::vector<int64_t> kernel_size;  ///< one entry a spatial axis: its length makes the convolution 2D or 3D
  std::vector<int64_t> stride;
  bool bias = true;
  bool transposed = false;  ///< up-sampling by `stride`; no padding
};

/// A convolution of two or three spatial axes from one source. Odd kernels are padded by half their size ("same").
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
  std::vector<int64_t> padding_;
  torch::Tensor weight_, bias_;
};
TORCH_MODULE(Convolution);

/// Initialises every Convolution beneath `module`, in the order of their names.
void initialize_convolutions(torch::nn::Module& module, torch::Generator generator, double slope);

}  // namespace medvol::networks
