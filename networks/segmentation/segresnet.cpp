#include "networks/segmentation/segresnet.h"

#include <torch/nn/modules/linear.h>

#include "framework/core/error.h"
#include "networks/blocks/cubic_convolution.h"
#include "networks/blocks/input_size.h"
#include "networks/blocks/upsampling.h"

namespace medvol::networks {
namespace {

/// A convolution alone, as `conv`: weights go by MONAI's names.
ConvUnit unit(const ConvolutionOptions& convolution) { return ConvUnit(ConvUnitOptions{convolution}); }

/// x + conv(relu(norm(conv(relu(norm(x)))))) of one width: pre-activation (He et al., ECCV 2016).
class ResidualBlock : public torch::nn::Module {
 public:
  ResidualBlock(int64_t axes, int64_t channels, int64_t groups) {
    norm1_ = register_module("norm1", GroupNorm(groups, channels));
    norm2_ = register_module("norm2", GroupNorm(groups, channels));
    conv1_ = register_module("conv1", unit(cubic_convolution(axes, channels, channels, 3)));
    conv2_ = register_module("conv2", unit(cubic_convolution(axes, channels, channels, 3)));
  }
  torch::Tensor forward(const torch::Tensor& x) {
    const torch::Tensor inner = conv1_->forward(torch::relu(norm1_->forward(x)));
    return conv2_->forward(torch::relu(norm2_->forward(inner))) + x;
  }

 private:
  GroupNorm norm1_{nullptr}, norm2_{nullptr};
  ConvUnit conv1_{nullptr}, conv2_{nullptr};
};

void check(const SegResNetOptions& options) {
  if (options.blocks_down.size() < 2)
    throw core::UserError("needs at least two stages", "network.blocks_down", "such as [1, 2, 2, 4]");
  if (options.blocks_up.size() + 1 != options.blocks_down.size())
    throw core::UserError(
        fmt::format("has {} entries, expected {}", options.blocks_up.size(), options.blocks_down.size() - 1),
        "network.blocks_up", "one entry a stage of blocks_down but the coarsest");
  if (options.init_filters % options.groups != 0)
    throw core::UserError(fmt::format("{} is no multiple of network.groups, {}", options.init_filters, options.groups),
                          "network.init_filters", "a group norm needs equal groups");
}

}  // namespace

SegResNet::SegResNet(const SegResNetOptions& options, const TaskShape& shape)
    : options_(options), axes_(shape.dimensions) {
  check(options_);
  const auto convolution = cubic_convolution(axes_, shape.in_channels, options_.init_filters, 3);
  first_ = register_module("convInit", unit(convolution));
  build_encoder();
  build_decoder();
  ConvolutionOptions head = cubic_convolution(axes_, options_.init_filters, shape.out_channels, 1);
  head.bias = true;
  // Lists with empty places here and below, so that names equal MONAI's: conv_final.2.conv.weight.
  auto final_layers = register_module("conv_final", torch::nn::ModuleList());
  final_layers->push_back(last_norm_ = GroupNorm(options_.groups, options_.init_filters));
  final_layers->push_back(torch::nn::Identity());
  final_layers->push_back(last_ = unit(head));
}

void SegResNet::build_encoder() {
  down_layers_ = register_module("down_layers", torch::nn::ModuleList());
  for (size_t stage = 0; stage < options_.blocks_down.size(); ++stage) {
    const int64_t width = options_.init_filters << stage;
    torch::nn::ModuleList layers;
    if (stage == 0)
      layers->push_back(torch::nn::Identity());
    else
      layers->push_back(unit(cubic_convolution(axes_, width / 2, width, 3, 2)));
    for (int64_t block = 0; block < options_.blocks_down[stage]; ++block)
      layers->push_back(std::make_shared<ResidualBlock>(axes_, width, options_.groups));
    down_layers_->push_back(layers);
  }
}

void SegResNet::build_decoder() {
  up_layers_ = register_module("up_layers", torch::nn::ModuleList());
  up_samples_ = register_module("up_samples", torch::nn::ModuleList());
  for (size_t i = 0; i < options_.blocks_up.size(); ++i) {
    const int64_t width = options_.init_filters << (options_.blocks_up.size() - 1 - i);
    torch::nn::ModuleList layers, sample;
    for (int64_t block = 0; block < options_.blocks_up[i]; ++block)
      layers->push_back(std::make_shared<ResidualBlock>(axes_, width, options_.groups));
    sample->push_back(unit(cubic_convolution(axes_, 2 * width, width, 1)));
    up_layers_->push_back(layers);
    up_samples_->push_back(sample);
  }
}

std::vector<torch::Tensor> SegResNet::forward(const torch::Tensor& x) {
  require_multiple(x, multiple_of(), "segresnet");
  std::vector<torch::Tensor> skips;
  torch::Tensor features = first_->forward(x);
  for (const auto& stage : *down_layers_) {
    const auto& layers = *stage->as<torch::nn::ModuleListImpl>();
    if (!skips.empty()) features = layers[0]->as<ConvUnitImpl>()->forward(features);
    for (size_t block = 1; block < layers.size(); ++block)
      features = layers[block]->as<ResidualBlock>()->forward(features);
    skips.push_back(features);
  }
  const std::vector<int64_t> twice(static_cast<size_t>(axes_), 2);
  for (size_t i = 0; i < up_layers_->size(); ++i) {
    const auto& sample = *up_samples_[i]->as<torch::nn::ModuleListImpl>();
    features = upsample_linear(sample[0]->as<ConvUnitImpl>()->forward(features), twice);
    features = features + skips[skips.size() - 2 - i];
    for (const auto& block : *up_layers_[i]->as<torch::nn::ModuleListImpl>())
      features = block->as<ResidualBlock>()->forward(features);
  }
  return {last_->forward(torch::relu(last_norm_->forward(features)))};
}

std::vector<int64_t> SegResNet::multiple_of() const {
  return std::vector<int64_t>(static_cast<size_t>(axes_), int64_t{1} << (options_.blocks_down.size() - 1));
}

std::vector<std::vector<int64_t>> SegResNet::head_strides() const {
  return {std::vector<int64_t>(static_cast<size_t>(axes_), 1)};
}

void SegResNet::initialize(torch::Generator generator) {
  initialize_convolutions(*this, std::move(generator), /*slope=*/0);
  for (const auto& child : modules(/*include_self=*/false))
    if (auto norm = std::dynamic_pointer_cast<GroupNormImpl>(child)) norm->initialize();
}

}  // namespace medvol::networks
