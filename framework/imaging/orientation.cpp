#include "framework/imaging/orientation.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace medvol::imaging {
namespace {

/// The rotation (or reflection) nearest to `direction` with unit columns.
std::array<double, 9> nearest_rotation(std::array<double, 9> direction) {
  for (int column = 0; column < 3; ++column) {
    const double length = std::hypot(direction[column], direction[3 + column], direction[6 + column]);
    for (int row = 0; row < 3 && length > 0; ++row) direction[3 * row + column] /= length;
  }
  const at::Tensor matrix = at::from_blob(direction.data(), {3, 3}, at::kDouble);
  const auto [left, values, right] = at::linalg_svd(matrix, false);
  const at::Tensor rotation = at::matmul(left, right).contiguous();
  std::array<double, 9> result;
  std::copy_n(rotation.data_ptr<double>(), 9, result.begin());
  return result;
}

}  // namespace

AxisOrder closest_axes(const std::array<double, 9>& direction) {
  std::array<double, 9> rotation = nearest_rotation(direction);
  const auto strength = [&](int column) {
    return std::max({std::abs(rotation[column]), std::abs(rotation[3 + column]), std::abs(rotation[6 + column])});
  };
  std::array<int, 3> columns{0, 1, 2};
  std::stable_sort(columns.begin(), columns.end(), [&](int a, int b) { return strength(a) > strength(b); });
  AxisOrder order;
  std::array<bool, 3> taken{};
  for (const int column : columns) {
    int best = -1;
    for (int row = 0; row < 3; ++row) {
      if (taken[row]) continue;
      if (best < 0 || std::abs(rotation[3 * row + column]) > std::abs(rotation[3 * best + column])) best = row;
    }
    taken[best] = true;
    order.source[best] = column;
    order.sign[best] = rotation[3 * best + column] < 0 ? -1 : 1;
  }
  return order;
}

}  // namespace medvol::imaging
