#include "framework/geometry/isosurface.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "framework/core/error.h"
#include "framework/geometry/coordinates.h"

namespace medvol::geometry {
namespace {

/// A crossing this close to a voxel's centre, in voxels, is moved off it: triangles keep an area.
constexpr double nearest_crossing = 1e-3;

/// Marches through the cubes between voxel centres, one layer of constant z after the other. Coordinates are x, y, z of
/// a cube's first corner and begin at −1: a border of one cube closes the surface at the edge of the grid.
class March {
 public:
  March(const at::Tensor& field, double level)
      : values_(field.data_ptr<float>()),
        size_{field.size(2), field.size(1), field.size(0)},
        level_(static_cast<float>(level)) {}

  void run() {
    if (!find_box()) return;
    const size_t plane = size_t((end_[0] - begin_[0] + 1) * (end_[1] - begin_[1] + 1));
    for (auto& slots : crossings_) slots.assign(plane, -1);
    for (int64_t z = begin_[2]; z < end_[2]; ++z) {
      for (int64_t y = begin_[1]; y < end_[1]; ++y)
        for (int64_t x = begin_[0]; x < end_[0]; ++x) cube(x, y, z);
      // The upper plane becomes the lower one of the next layer.
      std::swap(crossings_[lower_x], crossings_[upper_x]);
      std::swap(crossings_[lower_y], crossings_[upper_y]);
      for (const auto slots : {upper_x, upper_y, between_z})
        std::fill(crossings_[slots].begin(), crossings_[slots].end(), -1);
    }
  }

  std::vector<double> points;  ///< x, y, z indices
  std::vector<int64_t> faces;

 private:
  /// Vertices on the edges of a layer's cubes: along x and y in its lower and upper plane, along z between them.
  enum Slots : size_t { lower_x, lower_y, upper_x, upper_y, between_z, slots_count };

  bool in_grid(int64_t x, int64_t y, int64_t z) const {
    return x >= 0 && y >= 0 && z >= 0 && x < size_[0] && y < size_[1] && z < size_[2];
  }
  float value(int64_t x, int64_t y, int64_t z) const { return values_[(z * size_[1] + y) * size_[0] + x]; }
  bool inside(int64_t x, int64_t y, int64_t z) const { return in_grid(x, y, z) && value(x, y, z) > level_; }

  /// Cubes begin_ … end_ − 1 touch the inside. False when there is none.
  bool find_box() {
    begin_ = size_;
    end_ = {-1, -1, -1};
    for (int64_t z = 0; z < size_[2]; ++z)
      for (int64_t y = 0; y < size_[1]; ++y)
        for (int64_t x = 0; x < size_[0]; ++x) {
          if (!(value(x, y, z) > level_)) continue;
          const std::array<int64_t, 3> at{x, y, z};
          for (size_t a = 0; a < 3; ++a) {
            begin_[a] = std::min(begin_[a], at[a] - 1);
            end_[a] = std::max(end_[a], at[a] + 1);
          }
        }
    return end_[0] >= 0;
  }

  void cube(int64_t x, int64_t y, int64_t z) {
    unsigned corners = 0;
    for (int64_t c = 0; c < 8; ++c)
      corners |= unsigned(inside(x + (c & 1), y + (c >> 1 & 1), z + (c >> 2))) << unsigned(c);
    for (const auto& triangle : cube_triangles()[corners])
      for (const CubeEdge edge : triangle) faces.push_back(vertex(x, y, z, edge));
  }

  int64_t vertex(int64_t x, int64_t y, int64_t z, CubeEdge edge) {
    const int axis = edge / 8;
    const bool upper = (edge & 4) != 0;
    x += edge & 1;
    y += edge >> 1 & 1;
    z += upper;
    const size_t slots = axis == 2 ? between_z : axis == 1 ? (upper ? upper_y : lower_y) : (upper ? upper_x : lower_x);
    int64_t& number = crossings_[slots][size_t((y - begin_[1]) * (end_[0] - begin_[0] + 1) + x - begin_[0])];
    if (number < 0) {
      number = int64_t(points.size() / 3);
      const double share = crossing(x, y, z, axis);
      points.push_back(double(x) + (axis == 0 ? share : 0));
      points.push_back(double(y) + (axis == 1 ? share : 0));
      points.push_back(double(z) + (axis == 2 ? share : 0));
    }
    return number;
  }

  /// How far from (x, y, z) to its neighbour along `axis` the level is crossed.
  double crossing(int64_t x, int64_t y, int64_t z, int axis) const {
    const int64_t nx = x + (axis == 0), ny = y + (axis == 1), nz = z + (axis == 2);
    if (!in_grid(x, y, z) || !in_grid(nx, ny, nz)) return 0.5;
    const double here = value(x, y, z), there = value(nx, ny, nz);
    const double share = (double(level_) - here) / (there - here);
    return std::isfinite(share) ? std::clamp(share, nearest_crossing, 1 - nearest_crossing) : 0.5;
  }

  const float* values_;
  std::array<int64_t, 3> size_;  ///< voxels along x, y, z
  float level_;
  std::array<int64_t, 3> begin_{}, end_{};
  std::array<std::vector<int64_t>, slots_count> crossings_;
};

}  // namespace

Mesh isosurface(const at::Tensor& field, const imaging::Geometry& geometry, double level) {
  const std::array<int64_t, 3> size = geometry.size_zyx();
  MEDVOL_CHECK(field.dim() == 3 && field.sizes() == at::IntArrayRef(size), "the field does not have the grid's size");
  const at::Tensor values = field.to(at::kCPU, at::kFloat).contiguous();
  March march(values, level);
  march.run();
  const at::Tensor indices = at::tensor(march.points, at::kDouble).view({-1, 3});
  at::Tensor faces = at::tensor(march.faces, at::kLong).view({-1, 3});
  if (is_mirrored(geometry)) faces = faces.flip(1).contiguous();
  return {to_physical(indices, geometry), faces};
}

Mesh label_surface(const imaging::Volume& labels, int64_t label) {
  return isosurface(labels.data == label, labels.geometry);
}

}  // namespace medvol::geometry
