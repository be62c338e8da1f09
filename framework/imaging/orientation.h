#pragma once
#include <array>

namespace medvol::imaging {

/// Which index axis of a grid runs closest to which patient axis.
struct AxisOrder {
  /// source[k]: the index axis (0 = x) nearest to patient axis k (0 right-left, 1 front-back, 2 foot-head).
  std::array<int, 3> source{0, 1, 2};
  /// sign[k]: +1 when that index axis increases with the LPS axis k, -1 when against it.
  std::array<int, 3> sign{1, 1, 1};
};

/// For a row-major 3x3 direction (columns: index axes; rows: LPS), also oblique or sheared. The closest rotation is
/// taken (polar decomposition) and axes are given away from the strongest to the weakest: nibabel's `io_orientation`.
AxisOrder closest_axes(const std::array<double, 9>& direction);

}  // namespace medvol::imaging
