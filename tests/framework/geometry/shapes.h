#pragma once
#include <cmath>

#include <ATen/ATen.h>

#include "framework/geometry/mesh.h"
#include "framework/imaging/volume.h"

namespace medvol::geometry {

/// The box [0, a] × [0, b] × [0, c] of 12 triangles that look outwards.
inline Mesh box(double a, double b, double c) {
  const at::Tensor corners =
      at::tensor({0., 0., 0., a, 0., 0., 0., b, 0., a, b, 0., 0., 0., c, a, 0., c, 0., b, c, a, b, c}, at::kDouble);
  const at::Tensor faces = at::tensor(
      {0, 2, 3, 0, 3, 1, 4, 5, 7, 4, 7, 6, 0, 1, 5, 0, 5, 4, 2, 6, 7, 2, 7, 3, 0, 4, 6, 0, 6, 2, 1, 3, 7, 1, 7, 5},
      at::kLong);
  return {corners.view({8, 3}), faces.view({12, 3})};
}

/// A grid that is turned, anisotropic and off the origin; `mirrored`: with a left-handed direction.
inline imaging::Geometry oblique_grid(std::array<int64_t, 3> size_xyz, bool mirrored = false) {
  const double angle = 0.4, c = std::cos(angle), s = std::sin(angle), z = mirrored ? -1 : 1;
  imaging::Geometry grid{.size = size_xyz, .spacing = {0.5, 0.75, 1.25}, .origin = {-20, 31, 7}};
  grid.direction = {c, -s, 0, s, c, 0, 0, 0, z};
  return grid;
}

}  // namespace medvol::geometry
