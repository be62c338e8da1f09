#include "networks/segmentation/residual_unet.h"

#include "networks/blocks/input_size.h"
#include "networks/segmentation/stages.h"

namespace medvol::networks {
namespace {

/// The options with every empty list filled, checked against each other.
ResidualUNetOptions resolve(ResidualUNetOptions options, const TaskShape& shape) {
  resolve_stages({options.features_per_stage, options.kernel_sizes, options.strides}, shape);
  const size_t stages = options.features_per_stage.size();
  const bool planned = shape.residual_blocks_per_stage.size() >= stages;
  if (options.blocks_per_stage.empty()) {
    options.blocks_per_stage = planned ? shape.residual_blocks_per_stage : std::vector<int64_t>{1, 3, 4};
    options.blocks_per_stage.resize(stages, 6);
  }
  if (options.convolutions_per_stage_decoder.empty()) {
    if (planned) options.convolutions_per_stage_decoder = shape.convolutions_per_stage_decoder;
    options.convolutions_per_stage_decoder.resize(stages - 1, 1);
  }
  expect_entries(options.blocks_per_stage.size(), stages, "blocks_per_stage");
  expect_entries(options.convolutions_per_stage_decoder.size(), stages - 1, "convolutions_per_stage_decoder");
  return options;
}

}  // namespace

ResidualUNet::ResidualUNet(const ResidualUNetOptions& options, const TaskShape& shape)
    : options_(resolve(options, shape)), deep_supervision_(shape.deep_supervision) {
  build_encoder(shape.in_channels);
  decoder_ = register_module(
      "decoder", UNetDecoder(UNetDecoderOptions{options_.features_per_stage, options_.kernel_sizes, options_.strides,
                                                options_.convolutions_per_stage_decoder, shape.out_channels,
                                                options_.negative_slope}));
}

void ResidualUNet::build_encoder(int64_t in_channels) {
  const auto encoder = register_module("encoder", std::make_shared<torch::nn::Module>());
  const int64_t width = options_.features_per_stage[0];
  const ConvolutionOptions first{in_channels, width, options_.kernel_sizes[0], options_.strides[0]};
  stem_ = encoder->register_module("stem", StackedConvBlocks(1, first, options_.negative_slope));
  stages_ = encoder->register_module("stages", torch::nn::ModuleList());
  in_channels = width;
  for (size_t i = 0; i < options_.features_per_stage.size(); ++i) {
    const ConvolutionOptions block{in_channels, options_.features_per_stage[i], options_.kernel_sizes[i],
                                   options_.strides[i]};
    stages_->push_back(StackedResidualBlocks(options_.blocks_per_stage[i], block, options_.negative_slope));
    in_channels = options_.features_per_stage[i];
  }
}

std::vector<torch::Tensor> ResidualUNet::forward(const torch::Tensor& x) {
  require_multiple(x, multiple_of(), "residual_unet");
  std::vector<torch::Tensor> skips;
  torch::Tensor features = stem_->forward(x);
  for (const auto& stage : *stages_) {
    features = stage->as<StackedResidualBlocksImpl>()->forward(features);
    skips.push_back(features);
  }
  return decoder_->forward(skips, deep_supervision_ && is_training());
}

std::vector<int64_t> ResidualUNet::multiple_of() const { return total_stride(options_.strides); }

std::vector<std::vector<int64_t>> ResidualUNet::head_strides() const {
  return strides_of_levels(options_.strides, deep_supervision_ ? options_.strides.size() - 1 : 1);
}

void ResidualUNet::initialize(torch::Generator generator) {
  initialize_convolutions(*this, std::move(generator), options_.negative_slope);
  close_residual_blocks(*this);
}

}  // namespace medvol::networks
