#include "datasets/planning/pooling.h"

#include <algorithm>
#include <cmath>

namespace medvol::datasets {
namespace {

constexpr double smallest_map = 4;  ///< voxels along an axis of the coarsest feature map
constexpr double alike = 2;         ///< spacings within this factor are treated alike

/// The axes that are halved next; empty when the network is deep enough.
std::vector<size_t> axes_to_halve(const std::vector<double>& spacing, const std::vector<double>& size) {
  std::vector<size_t> large;
  for (size_t axis = 0; axis < size.size(); ++axis)
    if (size[axis] >= 2 * smallest_map) large.push_back(axis);
  if (large.empty()) return {};
  double finest = spacing[large.front()];
  for (const size_t axis : large) finest = std::min(finest, spacing[axis]);
  std::vector<size_t> result;
  for (const size_t axis : large)
    if (spacing[axis] / finest < alike) result.push_back(axis);
  if (result.size() == 1 && size[result.front()] < 3 * smallest_map) return {};
  return result;
}

}  // namespace

Pooling plan_pooling(const std::vector<double>& spacing, const std::vector<double>& size) {
  const size_t axes = size.size();
  std::vector<double> current_spacing = spacing, current_size = size;
  std::vector<int64_t> kernel(axes, 1);
  Pooling result;
  result.strides.push_back(std::vector<int64_t>(axes, 1));
  result.divisor.assign(axes, 1);
  for (auto halved = axes_to_halve(spacing, size); !halved.empty();
       halved = axes_to_halve(current_spacing, current_size)) {
    const double finest = *std::min_element(current_spacing.begin(), current_spacing.end());
    for (size_t axis = 0; axis < axes; ++axis)
      if (current_spacing[axis] / finest < alike) kernel[axis] = 3;
    std::vector<int64_t> stride(axes, 1);
    for (const size_t axis : halved) {
      stride[axis] = 2;
      result.divisor[axis] *= 2;
      current_spacing[axis] *= 2;
      current_size[axis] = std::ceil(current_size[axis] / 2);
    }
    result.strides.push_back(std::move(stride));
    result.kernel_sizes.push_back(kernel);
  }
  result.kernel_sizes.push_back(std::vector<int64_t>(axes, 3));  // the bottleneck
  for (size_t axis = 0; axis < axes; ++axis) {
    const double divisor = double(result.divisor[axis]), rest = std::fmod(size[axis], divisor);
    result.patch_size.push_back(static_cast<int64_t>(rest == 0 ? size[axis] : size[axis] + divisor - rest));
  }
  return result;
}

}  // namespace medvol::datasets
