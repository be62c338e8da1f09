#pragma once
#include <limits>
#include <vector>

#include "networks/network.h"

namespace medvol::networks {

/// The options of a network that has stages, one entry each, finest first.
struct StageLists {
  std::vector<int64_t>& features;
  std::vector<std::vector<int64_t>>& kernel_sizes;  ///< one number an axis
  std::vector<std::vector<int64_t>>& strides;       ///< into the stage; the first is all ones
};

/// Fills empty lists with the plan's suggestion: as many stages as the plan has, at most `most`, or, where widths are
/// given, the plan's first ones. Throws core::UserError when lists differ in length, there are fewer than two stages,
/// or the first strides.
void resolve_stages(StageLists lists, const TaskShape& shape, size_t most = std::numeric_limits<size_t>::max());

/// Throws core::UserError unless a list of an option has as many entries as expected.
void expect_entries(size_t entries, size_t expected, const char* option);

/// The product of all strides on each axis.
std::vector<int64_t> total_stride(const std::vector<std::vector<int64_t>>& strides);

/// The down-sampling of the finest `count` stages, finest first: head_strides() of a network with a head at each.
std::vector<std::vector<int64_t>> strides_of_levels(const std::vector<std::vector<int64_t>>& strides, size_t count);

}  // namespace medvol::networks
