#pragma once
#include <vector>

#include <torch/nn/module.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/pimpl.h>

#include "networks/blocks/convolution.h"

namespace medvol::networks {

/// x W^T + b over the last axis, with parameters `weight` [out, in] and `bias` [out].
class LinearImpl : public torch::nn::Module {
 public:
  LinearImpl(int64_t in_features, int64_t out_features, bool bias = true);
  torch::Tensor forward(const torch::Tensor& x);
  /// Normal of deviation 0.02, as of the vision transformer; bias 0.
  void initialize(torch::Generator generator);

 private:
  torch::Tensor weight_, bias_;
};
TORCH_MODULE(Linear);

/// Multi-head self-attention (Vaswani et al. 2017) of tokens [N, tokens, width]; queries, keys and values have no bias.
class SelfAttentionImpl : public torch::nn::Module {
 public:
  SelfAttentionImpl(int64_t width, int64_t heads);
  torch::Tensor forward(const torch::Tensor& x);

 private:
  int64_t heads_, head_width_;
  Linear qkv_{nullptr}, out_proj_{nullptr};
};
TORCH_MODULE(SelfAttention);

/// Attention, then two linear layers with a GELU between them, each on normalised tokens and added to its input.
class TransformerBlockImpl : public torch::nn::Module {
 public:
  TransformerBlockImpl(int64_t width, int64_t mlp_width, int64_t heads);
  torch::Tensor forward(const torch::Tensor& x);

 private:
  torch::nn::LayerNorm norm1_{nullptr}, norm2_{nullptr};
  SelfAttention attention_{nullptr};
  Linear linear1_{nullptr}, linear2_{nullptr};
};
TORCH_MODULE(TransformerBlock);

struct VisionTransformerOptions {
  int64_t in_channels = 1;
  std::vector<int64_t> image_size;  ///< in tensor order, multiples of token_size; its length makes it 2D or 3D
  int64_t token_size = 16;          ///< voxels of a token, each axis
  int64_t width = 768;              ///< a multiple of heads
  int64_t mlp_width = 3072;
  int64_t heads = 12;
  int64_t layers = 12;
};

/// Vision transformer (Dosovitskiy et al., ICLR 2021) without a class token, for images of one size. Parameter names
/// and output equal MONAI's ViT(proj_type="conv", pos_embed_type="learnable", classification=False), without the
/// cross-attention that MONAI builds and never uses.
class VisionTransformerImpl : public torch::nn::Module {
 public:
  explicit VisionTransformerImpl(const VisionTransformerOptions& options);
  /// x: [N, C, (D,) H, W] → tokens [N, tokens, width] after each layer, and after them the last normalised.
  std::vector<torch::Tensor> forward(const torch::Tensor& x);
  /// Tokens [N, tokens, width] → feature map [N, width, (D,) H, W] of the image's size over token_size.
  torch::Tensor feature_map(const torch::Tensor& tokens) const;
  void initialize(torch::Generator generator);

 private:
  VisionTransformerOptions options_;
  std::vector<int64_t> grid_;
  Convolution projection_{nullptr};
  torch::Tensor positions_;
  torch::nn::ModuleList blocks_;
  torch::nn::LayerNorm norm_{nullptr};
};
TORCH_MODULE(VisionTransformer);

}  // namespace medvol::networks
