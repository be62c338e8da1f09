#include "networks/segmentation/unetr.h"

#include "framework/core/error.h"
#include "networks/blocks/cubic_convolution.h"
#include "networks/blocks/input_size.h"

namespace medvol::networks {
namespace {

/// A convolution alone, as `conv`: weights go by MONAI's names.
ConvUnit unit(const ConvolutionOptions& convolution) { return ConvUnit(ConvUnitOptions{convolution}); }

constexpr int64_t token_size = 16;
constexpr double negative_slope = 0.01;

/// Instance normalisation without scale and shift.
torch::Tensor normalise(const torch::Tensor& x) {
  return torch::instance_norm(x, {}, {}, {}, {}, /*use_input_stats=*/true, /*momentum=*/0.0, /*eps=*/1e-5,
                              /*cudnn_enabled=*/true);
}

std::vector<int64_t> checked_patch(const TaskShape& shape) {
  const auto axes = static_cast<size_t>(shape.dimensions);
  if (shape.patch_size.size() != axes)
    throw core::UserError("unetr takes one size alone and the plan gives no patch", "plan.patch_size",
                          fmt::format("{} sizes, multiples of {}", axes, token_size));
  const std::vector<int64_t> fitting = rounded_up(shape.patch_size, std::vector<int64_t>(axes, token_size));
  if (fitting != shape.patch_size)
    throw core::UserError(
        fmt::format("{} is no multiple of {}, the size of unetr's tokens", size_text(shape.patch_size), token_size),
        "plan.patch_size", size_text(fitting) + " would fit");
  return shape.patch_size;
}

void check(const UnetrOptions& options) {
  if (options.hidden_size % options.num_heads != 0)
    throw core::UserError(
        fmt::format("{} is no multiple of network.num_heads, {}", options.hidden_size, options.num_heads),
        "network.hidden_size", "each head takes an equal part");
  if (options.layers % 4 != 0)
    throw core::UserError(fmt::format("{} is no multiple of 4", options.layers), "network.layers",
                          "the decoder joins the states after each quarter");
}

}  // namespace

/// lrelu(norm(conv(lrelu(norm(conv(x))))) + shortcut), the shortcut a normed 1×1 convolution where the width changes.
class Unetr::ResidualBlock : public torch::nn::Module {
 public:
  ResidualBlock(int64_t axes, int64_t in_channels, int64_t out_channels) {
    conv1_ = register_module("conv1", unit(cubic_convolution(axes, in_channels, out_channels, 3)));
    conv2_ = register_module("conv2", unit(cubic_convolution(axes, out_channels, out_channels, 3)));
    if (in_channels != out_channels)
      conv3_ = register_module("conv3", unit(cubic_convolution(axes, in_channels, out_channels, 1)));
  }
  torch::Tensor forward(const torch::Tensor& x) {
    const torch::Tensor inner = torch::leaky_relu(normalise(conv1_->forward(x)), negative_slope);
    const torch::Tensor shortcut = conv3_ ? normalise(conv3_->forward(x)) : x;
    return torch::leaky_relu(normalise(conv2_->forward(inner)) + shortcut, negative_slope);
  }

 private:
  ConvUnit conv1_{nullptr}, conv2_{nullptr}, conv3_{nullptr};
};

/// A hidden state's feature map, up-sampled to its decoder stage: twofold 1 + `doublings` times.
class Unetr::Projection : public torch::nn::Module {
 public:
  Projection(int64_t axes, int64_t in_channels, int64_t out_channels, int64_t doublings) {
    first_ = register_module("transp_conv_init", unit(cubic_upsampling(axes, in_channels, out_channels, 2)));
    blocks_ = register_module("blocks", torch::nn::ModuleList());
    for (int64_t i = 0; i < doublings; ++i) {
      torch::nn::ModuleList layers;
      layers->push_back(unit(cubic_upsampling(axes, out_channels, out_channels, 2)));
      layers->push_back(std::make_shared<ResidualBlock>(axes, out_channels, out_channels));
      blocks_->push_back(layers);
    }
  }
  torch::Tensor forward(const torch::Tensor& x) {
    torch::Tensor features = first_->forward(x);
    for (const auto& block : *blocks_) {
      const auto& layers = *block->as<torch::nn::ModuleListImpl>();
      features = layers[0]->as<ConvUnitImpl>()->forward(features);
      features = layers[1]->as<ResidualBlock>()->forward(features);
    }
    return features;
  }

 private:
  ConvUnit first_{nullptr};
  torch::nn::ModuleList blocks_;
};

/// Up-samples twofold, joins a skip, convolves.
class Unetr::Joining : public torch::nn::Module {
 public:
  Joining(int64_t axes, int64_t in_channels, int64_t out_channels) {
    upsampling_ = register_module("transp_conv", unit(cubic_upsampling(axes, in_channels, out_channels, 2)));
    block_ = register_module("conv_block", std::make_shared<ResidualBlock>(axes, 2 * out_channels, out_channels));
  }
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& skip) {
    return block_->forward(torch::cat({upsampling_->forward(x), skip}, 1));
  }

 private:
  ConvUnit upsampling_{nullptr};
  std::shared_ptr<ResidualBlock> block_;
};

Unetr::Unetr(const UnetrOptions& options, const TaskShape& shape)
    : patch_(checked_patch(shape)), layers_(options.layers) {
  check(options);
  const int64_t axes = shape.dimensions, width = options.feature_size;
  VisionTransformerOptions transformer{.in_channels = shape.in_channels, .image_size = patch_};
  transformer.token_size = token_size;
  transformer.width = options.hidden_size;
  transformer.mlp_width = options.mlp_dim;
  transformer.heads = options.num_heads;
  transformer.layers = options.layers;
  transformer_ = register_module("vit", VisionTransformer(transformer));
  const auto encoder1 = register_module("encoder1", std::make_shared<torch::nn::Module>());
  finest_ = encoder1->register_module("layer", std::make_shared<ResidualBlock>(axes, shape.in_channels, width));
  for (int64_t stage = 1; stage <= 3; ++stage)
    projections_.push_back(register_module(
        fmt::format("encoder{}", stage + 1),
        std::make_shared<Projection>(axes, options.hidden_size, width << stage, /*doublings=*/3 - stage)));
  for (int64_t stage = 3; stage >= 0; --stage) {
    const int64_t coarser = stage == 3 ? options.hidden_size : width << (stage + 1);
    decoder_.push_back(
        register_module(fmt::format("decoder{}", stage + 2), std::make_shared<Joining>(axes, coarser, width << stage)));
  }
  ConvolutionOptions head = cubic_convolution(axes, width, shape.out_channels, 1);
  head.bias = true;
  const auto out = register_module("out", std::make_shared<torch::nn::Module>());
  head_ = out->register_module("conv", unit(head));
}

std::vector<torch::Tensor> Unetr::forward(const torch::Tensor& x) {
  require_size(x, patch_, "unetr");
  const std::vector<torch::Tensor> states = transformer_->forward(x);
  std::vector<torch::Tensor> skips{finest_->forward(x)};
  for (size_t stage = 1; stage <= 3; ++stage) {
    const torch::Tensor& state = states[stage * static_cast<size_t>(layers_) / 4];
    skips.push_back(projections_[stage - 1]->forward(transformer_->feature_map(state)));
  }
  torch::Tensor features = transformer_->feature_map(states.back());
  for (size_t i = 0; i < decoder_.size(); ++i) features = decoder_[i]->forward(features, skips[3 - i]);
  return {head_->forward(features)};
}

std::vector<std::vector<int64_t>> Unetr::head_strides() const { return {std::vector<int64_t>(patch_.size(), 1)}; }

void Unetr::initialize(torch::Generator generator) {
  initialize_convolutions(*this, generator, negative_slope);
  transformer_->initialize(generator);  // its own, the tokens' convolution among them
}

}  // namespace medvol::networks
