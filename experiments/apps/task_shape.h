#pragma once
#include <filesystem>

#include "framework/plan/plan.h"
#include "networks/network.h"

namespace medvol::apps {

/// What a segmenter must fit, from the plan.
networks::TaskShape task_shape(const plan::Plan& plan);

/// A run keeps the shape its network was built with beside the plan, for who loads it: channels and factors are the
/// trainer's choice.
void write_task_shape(const std::filesystem::path& path, const networks::TaskShape& shape);
/// Throws core::UserError when the file is absent or damaged.
networks::TaskShape read_task_shape(const std::filesystem::path& path);

}  // namespace medvol::apps
