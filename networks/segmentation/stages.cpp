#include "networks/segmentation/stages.h"

#include <algorithm>

#include "framework/core/error.h"

namespace medvol::networks {

void expect_entries(size_t entries, size_t expected, const char* option) {
  if (entries != expected)
    throw core::UserError(fmt::format("has {} entries, expected {}", entries, expected),
                          fmt::format("network.{}", option), "one entry a stage (one less for a decoder)");
}

void resolve_stages(StageLists lists, const TaskShape& shape, size_t most) {
  if (lists.features.empty()) {
    lists.features = shape.features_per_stage;
    lists.features.resize(std::min(lists.features.size(), most));
  }
  const size_t stages = lists.features.size();
  const auto take = [stages](auto& mine, const auto& suggestion) {
    if (mine.empty() && suggestion.size() >= stages)
      mine.assign(suggestion.begin(), suggestion.begin() + static_cast<std::ptrdiff_t>(stages));
  };
  take(lists.kernel_sizes, shape.kernel_sizes);
  take(lists.strides, shape.strides);
  if (stages < 2)
    throw core::UserError("needs at least two stages", "network.features_per_stage", "such as [32, 64, 128]");
  expect_entries(lists.kernel_sizes.size(), stages, "kernel_sizes");
  expect_entries(lists.strides.size(), stages, "strides");
  const auto axes = static_cast<size_t>(shape.dimensions);
  for (const auto& kernel : lists.kernel_sizes) expect_entries(kernel.size(), axes, "kernel_sizes[]");
  for (const auto& stride : lists.strides) expect_entries(stride.size(), axes, "strides[]");
  if (lists.strides[0] != std::vector<int64_t>(axes, 1))
    throw core::UserError("the first stage strides", "network.strides", "its entry is all ones");
}

std::vector<int64_t> total_stride(const std::vector<std::vector<int64_t>>& strides) {
  std::vector<int64_t> product(strides.at(0).size(), 1);
  for (const auto& stride : strides)
    for (size_t axis = 0; axis < stride.size(); ++axis) product[axis] *= stride[axis];
  return product;
}

std::vector<std::vector<int64_t>> strides_of_levels(const std::vector<std::vector<int64_t>>& strides, size_t count) {
  std::vector<std::vector<int64_t>> result{strides.at(0)};
  while (result.size() < count) {
    const auto& next = strides.at(result.size());
    result.push_back(result.back());
    for (size_t axis = 0; axis < next.size(); ++axis) result.back()[axis] *= next[axis];
  }
  return result;
}

}  // namespace medvol::networks
