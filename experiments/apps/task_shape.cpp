#include "experiments/apps/task_shape.h"

#include <nlohmann/json.hpp>

#include "framework/core/error.h"
#include "framework/storage/atomic_file.h"
#include "framework/storage/file_error.h"

namespace medvol::apps {
namespace {

/// Every field with its name, once, for both ways.
template <class Shape, class Visit>
void each_field(Shape& shape, const Visit& visit) {
  visit("dimensions", shape.dimensions);
  visit("in_channels", shape.in_channels);
  visit("out_channels", shape.out_channels);
  visit("deep_supervision", shape.deep_supervision);
  visit("features_per_stage", shape.features_per_stage);
  visit("kernel_sizes", shape.kernel_sizes);
  visit("strides", shape.strides);
  visit("convolutions_per_stage_encoder", shape.convolutions_per_stage_encoder);
  visit("convolutions_per_stage_decoder", shape.convolutions_per_stage_decoder);
  visit("residual_blocks_per_stage", shape.residual_blocks_per_stage);
  visit("patch_size", shape.patch_size);
  visit("upsampling", shape.upsampling);
  visit("noise_channels", shape.noise_channels);
}

}  // namespace

networks::TaskShape task_shape(const plan::Plan& plan) {
  const std::vector<int64_t>& encoder = plan.topology.convolutions_per_stage_encoder;
  const bool residual = plan.topology.residual_encoder;
  return {.dimensions = plan.dimensions,
          .in_channels = plan.input_count(),
          .out_channels = plan.output_count(),
          .deep_supervision = true,
          .features_per_stage = plan.topology.features_per_stage,
          .kernel_sizes = plan.topology.kernel_sizes,
          .strides = plan.topology.strides,
          // A network without residual blocks gets nnU-Net's two convolutions a stage.
          .convolutions_per_stage_encoder = residual ? std::vector<int64_t>(encoder.size(), 2) : encoder,
          .convolutions_per_stage_decoder = plan.topology.convolutions_per_stage_decoder,
          .residual_blocks_per_stage = residual ? encoder : std::vector<int64_t>{},
          .patch_size = plan.patch_size,
          .upsampling = {},
          .noise_channels = 0};
}

std::vector<int64_t> usual_features(size_t axes, int64_t stages) {
  std::vector<int64_t> features;
  for (int64_t stage = 0; stage < stages; ++stage)
    features.push_back(std::min<int64_t>(int64_t{32} << std::min<int64_t>(stage, 20), axes == 3 ? 320 : 512));
  return features;
}

networks::TaskShape usual_shape(int64_t dimensions, std::vector<int64_t> features_per_stage) {
  const auto axes = static_cast<size_t>(dimensions);
  const size_t stages = features_per_stage.size();
  networks::TaskShape shape;
  shape.dimensions = dimensions;
  shape.features_per_stage = std::move(features_per_stage);
  shape.kernel_sizes.assign(stages, std::vector<int64_t>(axes, 3));
  shape.strides.assign(stages, std::vector<int64_t>(axes, 2));
  shape.strides[0].assign(axes, 1);
  shape.convolutions_per_stage_encoder.assign(stages, 2);
  shape.convolutions_per_stage_decoder.assign(stages - 1, 2);
  shape.patch_size.assign(axes, 128);
  return shape;
}

void write_task_shape(const std::filesystem::path& path, const networks::TaskShape& shape) {
  nlohmann::json json;
  each_field(shape, [&](const char* name, const auto& value) { json[name] = value; });
  storage::write_atomic(path, json.dump(1));
}

networks::TaskShape read_task_shape(const std::filesystem::path& path) {
  try {
    const auto json = nlohmann::json::parse(storage::read_bytes(path));
    networks::TaskShape shape;
    each_field(shape, [&](const char* name, auto& value) { json.at(name).get_to(value); });
    return shape;
  } catch (const nlohmann::json::exception&) {
    throw core::UserError("is no description of a network's shape", path.string(),
                          "it was written by another version of medvol: train the run anew");
  }
}

}  // namespace medvol::apps
