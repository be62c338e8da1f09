#pragma once
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "networks/blocks/convolution.h"

namespace medvol::networks {

/// A convolution with spectral normalisation (Miyato et al., ICLR 2018): its weight, as a matrix [out, in·Πk], is
/// divided by its largest singular value σ ≈ uᵀ W v, so that the layer is nearly 1-Lipschitz. One step of the power
/// iteration (v ← W'u/|W'u|, u ← Wv/|Wv|) at each pass in training mode; u and v are buffers, so that a resume goes on
/// exactly. Parameters and buffers are named as torch.nn.utils.spectral_norm names them: `weight_orig`, `weight_u`,
/// `weight_v`, `bias`.
class SpectralConvolutionImpl : public torch::nn::Module {
 public:
  explicit SpectralConvolutionImpl(const ConvolutionOptions& options);  ///< not transposed
  torch::Tensor forward(const torch::Tensor& x);
  /// W/σ; in training mode after one more step of the power iteration. Float32 under autocast too.
  torch::Tensor normalized_weight();
  /// u at random, then 15 steps: call it after the weight is set.
  void start(torch::Generator generator);

 private:
  void iterate();

  ConvolutionOptions options_;
  torch::Tensor weight_, bias_, u_, v_;
};
TORCH_MODULE(SpectralConvolution);

}  // namespace medvol::networks
