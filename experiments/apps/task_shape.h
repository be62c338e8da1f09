#pragma once
#include <filesystem>

#include "framework/plan/plan.h"
#include "networks/network.h"

namespace medvol::apps {

/// What a segmenter must fit, from the plan.
networks::TaskShape task_shape(const plan::Plan& plan);

/// Channels of nnU-Net's stages: 32, doubled at each, up to 320 (2D: 512).
std::vector<int64_t> usual_features(size_t axes, int64_t stages);
/// nnU-Net's usual shape, without a plan: kernels 3, strides 2, two convolutions a stage, patches of 128.
networks::TaskShape usual_shape(int64_t dimensions, std::vector<int64_t> features_per_stage);

/// A run keeps the shape its network was built with beside the plan, for who loads it: channels and factors are the
/// trainer's choice.
void write_task_shape(const std::filesystem::path& path, const networks::TaskShape& shape);
/// Throws core::UserError when the file is absent or damaged.
networks::TaskShape read_task_shape(const std::filesystem::path& path);

}  // namespace medvol::apps
