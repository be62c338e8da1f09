#include "networks/adversarial/resolution_steps.h"

#include <algorithm>

#include "framework/core/error.h"

namespace medvol::networks {

std::vector<std::vector<int64_t>> resolution_steps(const TaskShape& shape, int64_t most, int64_t least) {
  const auto axes = static_cast<size_t>(shape.dimensions);
  std::vector<std::vector<int64_t>> steps;
  std::vector<int64_t> left = shape.patch_size;
  const size_t count = shape.strides.empty() ? static_cast<size_t>(most) : shape.strides.size() - 1;
  for (size_t i = 0; i < count && steps.size() < static_cast<size_t>(most); ++i) {
    // The plan's first stride is that of the full resolution.
    std::vector<int64_t> step = shape.strides.empty() ? std::vector<int64_t>(axes, 2) : shape.strides[i + 1];
    MEDVOL_CHECK(step.size() == axes, "strides of {} axes in {} dimensions", step.size(), axes);
    for (size_t axis = 0; axis < left.size(); ++axis) {
      if (left[axis] % step[axis] != 0 || left[axis] / step[axis] < least) step[axis] = 1;
      left[axis] /= step[axis];
    }
    if (*std::max_element(step.begin(), step.end()) > 1) steps.push_back(std::move(step));
  }
  if (steps.empty())
    throw core::UserError("no axis of the patch can be halved", "plan.patch_size",
                          "take a patch whose sizes are even, better multiples of 8 or 16");
  return steps;
}

std::vector<int64_t> total_factor(const std::vector<std::vector<int64_t>>& steps, int64_t dimensions) {
  std::vector<int64_t> product(static_cast<size_t>(dimensions), 1);
  for (const auto& step : steps)
    for (size_t axis = 0; axis < step.size(); ++axis) product[axis] *= step[axis];
  return product;
}

}  // namespace medvol::networks
