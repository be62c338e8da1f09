#include "reports/figures/planes.h"

#include <torch/types.h>

#include <cmath>

#include "framework/core/error.h"
#include "framework/imaging/orientation.h"

namespace medvol::reports {

at::Tensor arranged(const at::Tensor& array, const imaging::Geometry& geometry) {
  MEDVOL_CHECK(array.dim() == 3, "expected [D, H, W], got {} axes", array.dim());
  if (geometry.dimensions == 2) return array.contiguous();
  const imaging::AxisOrder order = imaging::closest_axes(geometry.direction);
  // Index axis i (0 = x) is tensor axis 2 - i; wanted from first to last: patient axes 2 (foot-head), 1, 0.
  at::Tensor turned = array.permute({2 - order.source[2], 2 - order.source[1], 2 - order.source[0]});
  std::vector<int64_t> flips;
  for (int axis = 0; axis < 3; ++axis)
    if (order.sign[static_cast<size_t>(2 - axis)] < 0) flips.push_back(axis);
  return (flips.empty() ? turned : turned.flip(flips)).contiguous();
}

std::array<double, 3> arranged_spacing(const imaging::Geometry& geometry) {
  if (geometry.dimensions == 2) return geometry.spacing_zyx();
  const imaging::AxisOrder order = imaging::closest_axes(geometry.direction);
  std::array<double, 3> spacing;
  for (size_t axis = 0; axis < 3; ++axis) spacing[axis] = geometry.spacing[static_cast<size_t>(order.source[2 - axis])];
  return spacing;
}

std::array<int64_t, 3> focus(const at::Tensor& arranged_labels, const std::set<int64_t>& labels, bool& found) {
  std::array<int64_t, 3> place;
  for (size_t axis = 0; axis < 3; ++axis) place[axis] = arranged_labels.size(static_cast<int64_t>(axis)) / 2;
  at::Tensor mask = torch::zeros_like(arranged_labels, torch::kBool);
  for (const int64_t label : labels) mask.logical_or_(arranged_labels == label);
  found = mask.any().item<bool>();
  if (!found) return place;
  for (size_t axis = 0; axis < 3; ++axis) {
    const std::vector<int64_t> others{static_cast<int64_t>(axis == 0), static_cast<int64_t>(axis == 2 ? 1 : 2)};
    const at::Tensor counts = mask.sum(others, false, torch::kDouble).contiguous();
    const double* count = counts.data_ptr<double>();
    const int64_t size = counts.numel();
    double sum = 0, weighted = 0;
    for (int64_t i = 0; i < size; ++i) {
      sum += count[i];
      weighted += count[i] * static_cast<double>(i);
    }
    const double centroid = weighted / sum;
    double nearest = static_cast<double>(size);
    for (int64_t i = 0; i < size; ++i)
      if (const double away = std::abs(static_cast<double>(i) - centroid); count[i] > 0 && away < nearest) {
        nearest = away;
        place[axis] = i;
      }
  }
  return place;
}

std::vector<Plane> planes_through(const std::array<int64_t, 3>& place, const imaging::Geometry& geometry) {
  const std::array<double, 3> mm = arranged_spacing(geometry);
  if (geometry.dimensions == 2) return {{"", "", "", "", 0, place[0], false, mm[1], mm[2]}};
  return {{"axial", "R", "L", "A", 0, place[0], false, mm[1], mm[2]},
          {"coronal", "R", "L", "S", 1, place[1], true, mm[0], mm[2]},
          {"sagittal", "A", "P", "S", 2, place[2], true, mm[0], mm[1]}};
}

at::Tensor cut(const at::Tensor& arranged_array, const Plane& plane) {
  const at::Tensor slice = arranged_array.select(plane.axis, plane.position);
  return (plane.flip_rows ? slice.flip({0}) : slice).contiguous();
}

}  // namespace medvol::reports
