#include "networks/blocks/vision_transformer.h"

#include <cmath>

#include "framework/core/error.h"
#include "networks/blocks/cubic_convolution.h"

namespace medvol::networks {
namespace {

torch::nn::LayerNorm layer_norm(int64_t width) { return torch::nn::LayerNorm(torch::nn::LayerNormOptions({width})); }

/// An empty module, for one more level in the names.
std::shared_ptr<torch::nn::Module> level(torch::nn::Module& parent, const std::string& name) {
  return parent.register_module(name, std::make_shared<torch::nn::Module>());
}

}  // namespace

// Zeros until `initialize`: LibTorch's own layers draw from the global generator when they are built.
LinearImpl::LinearImpl(int64_t in_features, int64_t out_features, bool bias) {
  weight_ = register_parameter("weight", torch::zeros({out_features, in_features}));
  if (bias) bias_ = register_parameter("bias", torch::zeros({out_features}));
}

torch::Tensor LinearImpl::forward(const torch::Tensor& x) { return torch::linear(x, weight_, bias_); }

void LinearImpl::initialize(torch::Generator generator) {
  const torch::NoGradGuard no_grad;
  weight_.normal_(0.0, 0.02, std::move(generator));
  if (bias_.defined()) bias_.zero_();
}

SelfAttentionImpl::SelfAttentionImpl(int64_t width, int64_t heads) : heads_(heads), head_width_(width / heads) {
  MEDVOL_CHECK(width % heads == 0, "width {} in {} heads", width, heads);
  qkv_ = register_module("qkv", Linear(width, 3 * width, /*bias=*/false));
  out_proj_ = register_module("out_proj", Linear(width, width));
}

torch::Tensor SelfAttentionImpl::forward(const torch::Tensor& x) {
  // [N, tokens, 3·width] → three of [N, heads, tokens, head width]; batch and tokens stay free in a trace.
  const torch::Tensor qkv = qkv_->forward(x).unflatten(2, {3, heads_, head_width_}).permute({2, 0, 3, 1, 4});
  const torch::Tensor query = qkv.select(0, 0) * (1.0 / std::sqrt(static_cast<double>(head_width_)));
  const torch::Tensor attention = torch::softmax(torch::matmul(query, qkv.select(0, 1).transpose(2, 3)), -1);
  return out_proj_->forward(torch::matmul(attention, qkv.select(0, 2)).transpose(1, 2).flatten(2));
}

TransformerBlockImpl::TransformerBlockImpl(int64_t width, int64_t mlp_width, int64_t heads) {
  norm1_ = register_module("norm1", layer_norm(width));
  attention_ = register_module("attn", SelfAttention(width, heads));
  norm2_ = register_module("norm2", layer_norm(width));
  const auto mlp = level(*this, "mlp");
  linear1_ = mlp->register_module("linear1", Linear(width, mlp_width));
  linear2_ = mlp->register_module("linear2", Linear(mlp_width, width));
}

torch::Tensor TransformerBlockImpl::forward(const torch::Tensor& x) {
  const torch::Tensor attended = x + attention_->forward(norm1_->forward(x));
  return attended + linear2_->forward(torch::gelu(linear1_->forward(norm2_->forward(attended))));
}

VisionTransformerImpl::VisionTransformerImpl(const VisionTransformerOptions& options) : options_(options) {
  const size_t axes = options_.image_size.size();
  MEDVOL_CHECK(axes == 2 || axes == 3, "{} axes", axes);
  int64_t tokens = 1;
  for (const int64_t size : options_.image_size) {
    MEDVOL_CHECK(size % options_.token_size == 0, "size {} in tokens of {}", size, options_.token_size);
    grid_.push_back(size / options_.token_size);
    tokens *= grid_.back();
  }
  const auto embedding = level(*this, "patch_embedding");
  ConvolutionOptions projection = cubic_convolution(static_cast<int64_t>(axes), options_.in_channels, options_.width,
                                                    options_.token_size, options_.token_size);
  projection.bias = true;
  projection.padding.assign(axes, 0);
  projection_ = embedding->register_module("patch_embeddings", Convolution(projection));
  positions_ = embedding->register_parameter("position_embeddings", torch::zeros({1, tokens, options_.width}));
  blocks_ = register_module("blocks", torch::nn::ModuleList());
  for (int64_t i = 0; i < options_.layers; ++i)
    blocks_->push_back(TransformerBlock(options_.width, options_.mlp_width, options_.heads));
  norm_ = register_module("norm", layer_norm(options_.width));
}

std::vector<torch::Tensor> VisionTransformerImpl::forward(const torch::Tensor& x) {
  torch::Tensor tokens = projection_->forward(x).flatten(2).transpose(1, 2) + positions_;
  std::vector<torch::Tensor> result;
  for (const auto& block : *blocks_) result.push_back(tokens = block->as<TransformerBlockImpl>()->forward(tokens));
  result.push_back(norm_->forward(tokens));
  return result;
}

torch::Tensor VisionTransformerImpl::feature_map(const torch::Tensor& tokens) const {
  return tokens.transpose(1, 2).unflatten(2, grid_);
}

void VisionTransformerImpl::initialize(torch::Generator generator) {
  const torch::NoGradGuard no_grad;
  projection_->initialize(generator, /*slope=*/1);  // variance 1/fan-in: no non-linearity follows
  positions_.normal_(0.0, 0.02, generator);
  for (const auto& child : modules(/*include_self=*/false)) {
    if (auto linear = std::dynamic_pointer_cast<LinearImpl>(child)) linear->initialize(generator);
    if (auto norm = std::dynamic_pointer_cast<torch::nn::LayerNormImpl>(child)) norm->reset_parameters();
  }
}

}  // namespace medvol::networks
