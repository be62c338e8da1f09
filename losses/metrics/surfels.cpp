#include <bit>
#include <cmath>

#include "losses/metrics/surface.h"

namespace medvol::metrics {
namespace {

/// `count` triangles with the same area vector, in eighths of a unit cell, z, y, x; 0 triangles end a list.
struct Triangles {
  int count = 0;
  std::array<int, 3> normal{0, 0, 0};
};

/// One of the cases of marching cubes (Lorensen and Cline 1987) and the triangles that separate its inner corners
/// (bits of `code`, 4·dz + 2·dy + dx) from the outer ones, vertices at the middles of edges.
struct CubeCase {
  int code;
  std::array<Triangles, 4> triangles;
};

/// Every code of eight corners is one of these after rotating, mirroring and exchanging inside and outside. Where a
/// case can be triangulated in several ways, the triangles are those behind the areas of DeepMind's surface-distance.
constexpr std::array<CubeCase, 13> cube_cases{{
    {1, {{{1, {1, 1, 1}}}}},
    {3, {{{2, {2, 2, 0}}}}},
    {6, {{{2, {1, 1, 1}}}}},
    {7, {{{1, {4, 0, 0}}, {1, {2, 2, 2}}, {1, {1, 1, 1}}}}},
    {15, {{{2, {4, 0, 0}}}}},
    {22, {{{3, {1, 1, 1}}}}},
    {23, {{{2, {2, 2, 2}}, {2, {1, 1, 1}}}}},
    {24, {{{2, {1, 1, 1}}}}},
    {25, {{{1, {1, 1, 1}}, {2, {0, 2, 2}}}}},
    {27, {{{1, {3, 3, 3}}, {1, {1, 1, 1}}, {1, {2, 0, 2}}, {1, {0, 2, 2}}}}},
    {30, {{{1, {4, 0, 0}}, {1, {2, 2, 2}}, {2, {1, 1, 1}}}}},
    {60, {{{4, {2, 2, 0}}}}},
    {105, {{{4, {1, 1, 1}}}}},
}};

constexpr std::array<std::array<int, 3>, 6> axis_orders{
    {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}};

/// The code after axis a of the new cube has taken the place of axis order[a] and the axes in `mirrored` are flipped.
int moved_code(int code, const std::array<int, 3>& order, int mirrored) {
  int moved = 0;
  for (int corner = 0; corner < 8; ++corner) {
    if (!(code >> corner & 1)) continue;
    int target = 0;
    for (int axis = 0; axis < 3; ++axis) target |= (corner >> (2 - order[size_t(axis)]) & 1) << (2 - axis);
    moved |= 1 << (target ^ mirrored);
  }
  return moved;
}

/// Total area in mm² when the case's axes lie in the given order; mirroring changes no area.
double case_area(const CubeCase& cube, const std::array<int, 3>& order, const std::array<double, 3>& spacing) {
  double area = 0;
  for (const auto& [count, normal] : cube.triangles) {
    if (count == 0) break;
    const double z = normal[size_t(order[0])] * spacing[1] * spacing[2];
    const double y = normal[size_t(order[1])] * spacing[0] * spacing[2];
    const double x = normal[size_t(order[2])] * spacing[0] * spacing[1];
    area += count * std::sqrt(z * z + y * y + x * x) / 8;
  }
  return area;
}

}  // namespace

std::array<double, 256> surfel_areas(std::array<double, 3> spacing) {
  std::array<double, 256> areas{};
  for (const auto& cube : cube_cases) {
    for (const auto& order : axis_orders) {
      const double area = case_area(cube, order, spacing);
      for (int mirrored = 0; mirrored < 8; ++mirrored) {
        const int code = moved_code(cube.code, order, mirrored);
        areas[size_t(code)] = areas[size_t(255 - code)] = area;
      }
    }
  }
  return areas;
}

std::array<double, 16> contour_lengths(double spacing_y, double spacing_x) {
  const double corner = 0.5 * std::hypot(spacing_y, spacing_x);
  std::array<double, 16> lengths{};
  for (unsigned code = 1; code < 15; ++code) {
    if (std::popcount(code) != 2) {
      lengths[code] = corner;  // one pixel, or all but one
    } else if (code == 0b0011 || code == 0b1100) {
      lengths[code] = spacing_x;  // a row
    } else if (code == 0b0101 || code == 0b1010) {
      lengths[code] = spacing_y;  // a column
    } else {
      lengths[code] = 2 * corner;  // pixels that touch at a corner
    }
  }
  return lengths;
}

}  // namespace medvol::metrics
