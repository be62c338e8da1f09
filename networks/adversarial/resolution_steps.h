#pragma once
#include <vector>

#include "networks/network.h"

namespace medvol::networks {

/// How a generator goes down from the image, finest step first, one stride an axis: the plan's strides, or 2 on every
/// axis where the plan has none; at most `most` steps. On an axis a step is left out where the patch could not be
/// divided by it or fewer than `least` voxels would remain, and a step without any axis is dropped. Throws
/// core::UserError when nothing remains.
std::vector<std::vector<int64_t>> resolution_steps(const TaskShape& shape, int64_t most, int64_t least);

/// The product of the steps, an axis.
std::vector<int64_t> total_factor(const std::vector<std::vector<int64_t>>& steps, int64_t dimensions);

}  // namespace medvol::networks
