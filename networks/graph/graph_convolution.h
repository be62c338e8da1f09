#pragma once
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

namespace medvol::networks {

/// Where messages flow, made once for all layers of a forward pass.
struct MessagePaths {
  torch::Tensor from, to;        ///< [E] int64
  torch::Tensor inverse_degree;  ///< [V, 1] float32: one over the number of messages that reach a vertex; 1 without any
};

/// features: [V, F], for their number of rows only; edges: [2, E] int64.
MessagePaths message_paths(const torch::Tensor& features, const torch::Tensor& edges);

/// Graph convolution of Pixel2Mesh (Wang et al., ECCV 2018, equation 1), with the mean of the neighbours where the
/// paper has their sum, so that the scale does not depend on the degree: f'_p = W_self f_p + W_neighbours mean_q f_q +
/// b. [V, in] → [V, out].
class GraphConvolutionImpl : public torch::nn::Module {
 public:
  GraphConvolutionImpl(int64_t in_features, int64_t out_features);
  torch::Tensor forward(const torch::Tensor& x, const MessagePaths& paths);
  /// Normal with variance scale² / in for both weights, which is He et al. 2015 for their sum at scale 1; bias 0.
  void initialize(torch::Generator generator, double scale = 1);

 private:
  torch::Tensor self_, neighbours_, bias_;
};
TORCH_MODULE(GraphConvolution);

}  // namespace medvol::networks
