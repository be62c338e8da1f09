// The table of marching cubes, derived from the corners of a cube.
#include <algorithm>
#include <bit>
#include <utility>

#include "framework/core/error.h"
#include "framework/geometry/isosurface.h"

namespace medvol::geometry {
namespace {

using Polygon = std::vector<CubeEdge>;
using Triangles = std::vector<std::array<CubeEdge, 3>>;
constexpr int no_edge = -1;

CubeEdge edge_between(int a, int b) {
  const int axis = std::countr_zero(static_cast<unsigned>(a ^ b));
  return static_cast<CubeEdge>(axis * 8 + (a & b));
}

/// Corners of a face, counter-clockwise seen from outside the cube.
std::array<int, 4> face_corners(int axis, bool far_side) {
  const int u = 1 << (axis + 1) % 3, v = 1 << (axis + 2) % 3, base = far_side ? 1 << axis : 0;
  if (far_side) return {base, base | u, base | u | v, base | v};
  return {base, base | v, base | u | v, base | u};
}

/// Adds a segment from where the walk around a face enters the inside to where it leaves it: each run of inside corners
/// has one, which separates opposite corners. With the inside below, it runs left to right as seen from outside the
/// cube, so that loops of segments are counter-clockwise seen from outside the surface.
void trace_face(int inside, const std::array<int, 4>& corners, std::array<int, 24>& next) {
  const auto is_inside = [&](int i) { return (inside >> corners[size_t(i % 4)] & 1) != 0; };
  for (int i = 0; i < 4; ++i) {
    if (is_inside(i) || !is_inside(i + 1)) continue;
    int last = i + 1;
    while (is_inside(last + 1)) ++last;
    const CubeEdge enters = edge_between(corners[size_t(i)], corners[size_t((i + 1) % 4)]);
    next[enters] = edge_between(corners[size_t(last % 4)], corners[size_t((last + 1) % 4)]);
  }
}

std::vector<Polygon> polygons(int inside) {
  std::array<int, 24> next;
  next.fill(no_edge);
  for (int axis = 0; axis < 3; ++axis)
    for (const bool far_side : {false, true}) trace_face(inside, face_corners(axis, far_side), next);
  std::vector<Polygon> result;
  for (size_t start = 0; start < next.size(); ++start) {
    if (next[start] == no_edge) continue;
    Polygon polygon;
    for (int edge = int(start); next[size_t(edge)] != no_edge;) {
      polygon.push_back(static_cast<CubeEdge>(edge));
      edge = std::exchange(next[size_t(edge)], no_edge);
    }
    result.push_back(polygon);
  }
  return result;
}

/// Cuts the corners i … j of a polygon, whose side (i, j) is there already, into triangles without a diagonal along a
/// face of the cube: the neighbouring cube could draw the same one. False when there is no such cut.
bool triangulate(const Polygon& polygon, size_t i, size_t j, Triangles& triangles) {
  if (j - i < 2) return true;
  const auto may_connect = [&](size_t a, size_t b) { return b - a == 1 || !share_a_face(polygon[a], polygon[b]); };
  for (size_t k = i + 1; k < j; ++k) {
    const size_t before = triangles.size();
    if (may_connect(i, k) && may_connect(k, j) && triangulate(polygon, i, k, triangles) &&
        triangulate(polygon, k, j, triangles)) {
      triangles.push_back({polygon[i], polygon[k], polygon[j]});
      return true;
    }
    triangles.resize(before);
  }
  return false;
}

}  // namespace

bool share_a_face(CubeEdge a, CubeEdge b) {
  for (int axis = 0; axis < 3; ++axis)
    if (axis != a / 8 && axis != b / 8 && ((a >> axis ^ b >> axis) & 1) == 0) return true;
  return false;
}

const std::array<std::vector<std::array<CubeEdge, 3>>, 256>& cube_triangles() {
  static const auto table = [] {
    std::array<Triangles, 256> made;
    for (int inside = 0; inside < 256; ++inside)
      for (const Polygon& polygon : polygons(inside)) {
        const bool cut = triangulate(polygon, 0, polygon.size() - 1, made[size_t(inside)]);
        MEDVOL_CHECK(cut, "a polygon of cube {} cannot be cut", inside);
      }
    return made;
  }();
  return table;
}

}  // namespace medvol::geometry
