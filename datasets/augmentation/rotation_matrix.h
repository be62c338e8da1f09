#pragma once
#include <array>
#include <cmath>
#include <cstddef>

namespace medvol::datasets {

/// Axes are z, y, x = 0, 1, 2.
using Matrix3 = std::array<std::array<double, 3>, 3>;

inline Matrix3 product(const Matrix3& left, const Matrix3& right) {
  Matrix3 result{};
  for (size_t row = 0; row < 3; ++row)
    for (size_t column = 0; column < 3; ++column)
      for (size_t k = 0; k < 3; ++k) result[row][column] += left[row][k] * right[k][column];
  return result;
}

/// Turns the plane of axes (a, b) so that the unit vector of a goes towards b.
inline Matrix3 plane_rotation(size_t a, size_t b, double angle) {
  Matrix3 result{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  result[a][a] = result[b][b] = std::cos(angle);
  result[b][a] = std::sin(angle);
  result[a][b] = -result[b][a];
  return result;
}

/// About z, then y, then x.
inline Matrix3 rotation(double about_x, double about_y, double about_z) {
  return product(plane_rotation(0, 1, about_x), product(plane_rotation(2, 0, about_y), plane_rotation(1, 2, about_z)));
}

}  // namespace medvol::datasets
