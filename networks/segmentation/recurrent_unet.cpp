#include "networks/segmentation/recurrent_unet.h"

#include "framework/core/error.h"
#include "networks/blocks/input_size.h"
#include "networks/segmentation/stages.h"

namespace medvol::networks {
namespace {

/// The options with every empty list filled from the plan's suggestion, checked against each other.
RecurrentUNetOptions resolve(RecurrentUNetOptions options, const TaskShape& shape) {
  if (shape.dimensions != 3)
    throw core::UserError("recurrent_unet goes along the slices of a volume; the plan is two-dimensional", "network",
                          "take network=unet, or a 3D plan");
  if (options.features_per_stage.empty()) options.features_per_stage = shape.features_per_stage;
  const size_t stages = options.features_per_stage.size();
  if (stages < 2)
    throw core::UserError("needs at least two stages", "network.features_per_stage", "such as [32, 64, 128]");
  // A network with fewer stages than the plan keeps the plan's first ones.
  const auto take = [](std::vector<int64_t>& mine, const std::vector<int64_t>& suggestion, size_t count) {
    if (!mine.empty()) return;
    mine = suggestion;
    mine.resize(count, 2);
  };
  take(options.convolutions_per_stage_encoder, shape.convolutions_per_stage_encoder, stages);
  take(options.convolutions_per_stage_decoder, shape.convolutions_per_stage_decoder, stages - 1);
  expect_entries(options.convolutions_per_stage_encoder.size(), stages, "convolutions_per_stage_encoder");
  expect_entries(options.convolutions_per_stage_decoder.size(), stages - 1, "convolutions_per_stage_decoder");
  if (options.recurrent_kernel_size % 2 == 0)
    throw core::UserError(fmt::format("{} is even", options.recurrent_kernel_size), "network.recurrent_kernel_size",
                          "an odd kernel keeps the size: 1, 3, 5");
  return options;
}

/// The suggestion of each stage with 1 for the axis of the slices; `otherwise` in the slice where there is none.
std::vector<std::vector<int64_t>> in_plane(std::vector<std::vector<int64_t>> suggestion, size_t stages,
                                           int64_t otherwise) {
  suggestion.resize(stages, {1, otherwise, otherwise});
  for (auto& stage : suggestion) stage.at(0) = 1;
  return suggestion;
}

}  // namespace

RecurrentUNet::RecurrentUNet(const RecurrentUNetOptions& options, const TaskShape& shape)
    : options_(resolve(options, shape)), patch_(shape.patch_size), deep_supervision_(shape.deep_supervision) {
  const size_t stages = options_.features_per_stage.size();
  kernel_sizes_ = in_plane(shape.kernel_sizes, stages, 3);
  strides_ = in_plane(shape.strides, stages, 2);
  if (shape.strides.empty()) strides_[0] = {1, 1, 1};
  build_encoder(shape.in_channels);
  build_recurrent();
  build_decoder(shape.out_channels);
}

void RecurrentUNet::build_encoder(int64_t in_channels) {
  auto encoder = register_module("encoder", std::make_shared<torch::nn::Module>());
  stages_ = encoder->register_module("stages", torch::nn::ModuleList());
  for (size_t i = 0; i < options_.features_per_stage.size(); ++i) {
    const ConvolutionOptions first{in_channels, options_.features_per_stage[i], kernel_sizes_[i], strides_[i]};
    stages_->push_back(StackedConvBlocks(options_.convolutions_per_stage_encoder[i], first, options_.negative_slope));
    in_channels = options_.features_per_stage[i];
  }
}

int64_t RecurrentUNet::joined_width(size_t stage) const {
  const int64_t width = options_.features_per_stage[stage];
  if (stage + 1 < options_.features_per_stage.size() && !options_.recurrent_skips) return width;
  return 2 * (options_.hidden_features > 0 ? options_.hidden_features : std::max<int64_t>(1, width / 2));
}

void RecurrentUNet::build_recurrent() {
  recurrent_ = register_module("recurrent", torch::nn::ModuleList());
  const size_t stages = options_.features_per_stage.size();
  for (size_t stage = 0; stage < stages; ++stage) {
    torch::nn::ModuleList layers;  // empty for a skip that goes straight
    const bool recurs = stage + 1 == stages || options_.recurrent_skips;
    ConvLstmOptions lstm{options_.features_per_stage[stage], joined_width(stage) / 2, options_.recurrent_kernel_size};
    for (int64_t layer = 0; recurs && layer < options_.recurrent_layers; ++layer) {
      layers->push_back(BidirectionalConvLstm(lstm));
      lstm.in_channels = joined_width(stage);
    }
    recurrent_->push_back(layers);
  }
}

void RecurrentUNet::build_decoder(int64_t out_channels) {
  auto decoder = register_module("decoder", std::make_shared<torch::nn::Module>());
  decoder_stages_ = decoder->register_module("stages", torch::nn::ModuleList());
  transpconvs_ = decoder->register_module("transpconvs", torch::nn::ModuleList());
  seg_layers_ = decoder->register_module("seg_layers", torch::nn::ModuleList());
  const size_t stages = options_.features_per_stage.size();
  const std::vector<int64_t> ones(3, 1);
  int64_t coarser = joined_width(stages - 1);
  for (size_t i = 0; i + 1 < stages; ++i) {
    const size_t level = stages - 2 - i;  // the stage whose skip is joined
    const int64_t width = options_.features_per_stage[level];
    const std::vector<int64_t>& stride = strides_[level + 1];
    transpconvs_->push_back(Convolution(ConvolutionOptions{coarser, width, stride, stride, true, true}));
    const ConvolutionOptions first{width + joined_width(level), width, kernel_sizes_[level], ones};
    decoder_stages_->push_back(
        StackedConvBlocks(options_.convolutions_per_stage_decoder[i], first, options_.negative_slope));
    seg_layers_->push_back(Convolution(ConvolutionOptions{width, out_channels, ones, ones}));
    coarser = width;
  }
}

torch::Tensor RecurrentUNet::along_slices(size_t stage, torch::Tensor features) {
  for (const auto& layer : *recurrent_[stage]->as<torch::nn::ModuleListImpl>())
    features = layer->as<BidirectionalConvLstmImpl>()->forward(features);
  return features;
}

std::vector<torch::Tensor> RecurrentUNet::forward(const torch::Tensor& x) {
  require_multiple(x, multiple_of(), "recurrent_unet");
  std::vector<torch::Tensor> skips;
  torch::Tensor features = x;
  for (const auto& stage : *stages_) skips.push_back(features = stage->as<StackedConvBlocksImpl>()->forward(features));
  const bool all_heads = deep_supervision_ && is_training();
  const size_t last = seg_layers_->size() - 1;
  features = along_slices(skips.size() - 1, features);
  std::vector<torch::Tensor> heads;
  for (size_t i = 0; i <= last; ++i) {
    const size_t level = last - i;
    features = transpconvs_[i]->as<ConvolutionImpl>()->forward(features);
    features = torch::cat({features, along_slices(level, skips[level])}, 1);
    features = decoder_stages_[i]->as<StackedConvBlocksImpl>()->forward(features);
    if (all_heads || i == last) heads.insert(heads.begin(), seg_layers_[i]->as<ConvolutionImpl>()->forward(features));
  }
  return heads;
}

std::vector<int64_t> RecurrentUNet::multiple_of() const { return total_stride(strides_); }

std::vector<std::vector<int64_t>> RecurrentUNet::head_strides() const {
  return strides_of_levels(strides_, deep_supervision_ ? strides_.size() - 1 : 1);
}

std::optional<std::vector<int64_t>> RecurrentUNet::fixed_size() const {
  return patch_.empty() ? std::nullopt : std::optional(patch_);
}

void RecurrentUNet::initialize(torch::Generator generator) {
  initialize_convolutions(*this, generator, options_.negative_slope);
  for (const auto& child : modules(/*include_self=*/false))
    if (auto lstm = std::dynamic_pointer_cast<ConvLstmImpl>(child)) lstm->initialize(generator);
}

}  // namespace medvol::networks
