#include "networks/segmentation/unet.h"

#include "framework/core/error.h"

namespace medvol::networks {
namespace {

/// The options with every empty list filled from the plan's suggestion, checked against each other.
UNetOptions resolve(UNetOptions options, const TaskShape& shape) {
  if (options.features_per_stage.empty()) options.features_per_stage = shape.features_per_stage;
  const size_t stages = options.features_per_stage.size();
  // A network with fewer stages than the plan keeps the plan's first ones.
  const auto take = [](auto& mine, const auto& suggestion, size_t count) {
    if (mine.empty() && suggestion.size() >= count)
      mine.assign(suggestion.begin(), suggestion.begin() + static_cast<std::ptrdiff_t>(count));
  };
  take(options.kernel_sizes, shape.kernel_sizes, stages);
  take(options.strides, shape.strides, stages);
  take(options.convolutions_per_stage_encoder, shape.convolutions_per_stage_encoder, stages);
  take(options.convolutions_per_stage_decoder, shape.convolutions_per_stage_decoder, stages ? stages - 1 : 0);
  if (stages < 2)
    throw core::UserError("needs at least two stages", "network.features_per_stage", "such as [32, 64, 128]");
  const auto expect = [](size_t size, size_t expected, const char* name) {
    if (size != expected)
      throw core::UserError(fmt::format("has {} entries, expected {}", size, expected), fmt::format("network.{}", name),
                            "one entry a stage of features_per_stage (one less for the decoder)");
  };
  expect(options.kernel_sizes.size(), stages, "kernel_sizes");
  expect(options.strides.size(), stages, "strides");
  expect(options.convolutions_per_stage_encoder.size(), stages, "convolutions_per_stage_encoder");
  expect(options.convolutions_per_stage_decoder.size(), stages - 1, "convolutions_per_stage_decoder");
  const auto dimensions = static_cast<size_t>(shape.dimensions);
  for (const auto& kernel : options.kernel_sizes) expect(kernel.size(), dimensions, "kernel_sizes[]");
  for (const auto& stride : options.strides) expect(stride.size(), dimensions, "strides[]");
  return options;
}

}  // namespace

UNet::UNet(const UNetOptions& options, const TaskShape& shape)
    : options_(resolve(options, shape)), deep_supervision_(shape.deep_supervision) {
  build_encoder(shape.in_channels);
  build_decoder(shape.out_channels);
}

void UNet::build_encoder(int64_t in_channels) {
  auto encoder = register_module("encoder", std::make_shared<torch::nn::Module>());
  stages_ = encoder->register_module("stages", torch::nn::ModuleList());
  for (size_t i = 0; i < options_.features_per_stage.size(); ++i) {
    const ConvolutionOptions first{in_channels, options_.features_per_stage[i], options_.kernel_sizes[i],
                                   options_.strides[i]};
    // One list more than needed, so that names equal PlainConvUNet's: encoder.stages.0.0.convs.0.conv.weight.
    torch::nn::ModuleList stage;
    stage->push_back(StackedConvBlocks(options_.convolutions_per_stage_encoder[i], first, options_.negative_slope));
    stages_->push_back(stage);
    in_channels = options_.features_per_stage[i];
  }
}

void UNet::build_decoder(int64_t out_channels) {
  auto decoder = register_module("decoder", std::make_shared<torch::nn::Module>());
  decoder_stages_ = decoder->register_module("stages", torch::nn::ModuleList());
  transpconvs_ = decoder->register_module("transpconvs", torch::nn::ModuleList());
  seg_layers_ = decoder->register_module("seg_layers", torch::nn::ModuleList());
  const size_t stages = options_.features_per_stage.size();
  for (size_t i = 0; i + 1 < stages; ++i) {
    const size_t level = stages - 2 - i;  // the stage whose skip is joined
    const int64_t width = options_.features_per_stage[level];
    const std::vector<int64_t>& stride = options_.strides[level + 1];
    transpconvs_->push_back(
        Convolution(ConvolutionOptions{options_.features_per_stage[level + 1], width, stride, stride, true, true}));
    const std::vector<int64_t> ones(stride.size(), 1);
    const ConvolutionOptions first{2 * width, width, options_.kernel_sizes[level], ones};
    decoder_stages_->push_back(
        StackedConvBlocks(options_.convolutions_per_stage_decoder[i], first, options_.negative_slope));
    seg_layers_->push_back(Convolution(ConvolutionOptions{width, out_channels, ones, ones}));
  }
}

std::vector<torch::Tensor> UNet::forward(const torch::Tensor& x) {
  std::vector<torch::Tensor> skips{x};
  for (const auto& stage : *stages_)
    skips.push_back((*stage->as<torch::nn::ModuleListImpl>())[0]->as<StackedConvBlocksImpl>()->forward(skips.back()));
  const bool all_heads = deep_supervision_ && is_training();
  const size_t last = seg_layers_->size() - 1;
  std::vector<torch::Tensor> heads;
  torch::Tensor features = skips.back();
  for (size_t i = 0; i <= last; ++i) {
    features = transpconvs_[i]->as<ConvolutionImpl>()->forward(features);
    features = torch::cat({features, skips[skips.size() - 2 - i]}, 1);
    features = decoder_stages_[i]->as<StackedConvBlocksImpl>()->forward(features);
    if (all_heads || i == last) heads.insert(heads.begin(), seg_layers_[i]->as<ConvolutionImpl>()->forward(features));
  }
  return heads;
}

std::vector<int64_t> UNet::multiple_of() const {
  std::vector<int64_t> product(options_.strides[0].size(), 1);
  for (const auto& stride : options_.strides)
    for (size_t axis = 0; axis < stride.size(); ++axis) product[axis] *= stride[axis];
  return product;
}

std::vector<std::vector<int64_t>> UNet::head_strides() const {
  std::vector<std::vector<int64_t>> result{options_.strides[0]};
  for (size_t i = 1; deep_supervision_ && i + 1 < options_.strides.size(); ++i) {
    result.push_back(result.back());
    for (size_t axis = 0; axis < options_.strides[i].size(); ++axis) result.back()[axis] *= options_.strides[i][axis];
  }
  return result;
}

void UNet::initialize(torch::Generator generator) {
  initialize_convolutions(*this, std::move(generator), options_.negative_slope);
}

}  // namespace medvol::networks
