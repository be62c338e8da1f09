#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "framework/geometry/mesh.h"

namespace medvol::geometry {

using Point = std::array<double, 3>;

/// The point of triangle (a, b, c) nearest to `point` (Ericson, Real-Time Collision Detection, 2005, section 5.1.5).
Point nearest_in_triangle(const Point& point, const Point& a, const Point& b, const Point& c);

/// A tree of boxes around the triangles of a mesh: exact distances from points to its surface in about log F each. It
/// keeps a copy of the mesh.
class SurfaceTree {
 public:
  /// InternalError for a mesh without faces: nothing is near to it.
  explicit SurfaceTree(const Mesh& mesh);

  struct Nearest {
    double distance = 0;  ///< mm, unsigned
    int64_t face = -1;
    Point point{};  ///< on the surface
  };
  Nearest nearest(const Point& point) const;
  /// Distances of points [N, 3] to the surface, mm: [N] float64.
  at::Tensor distances(const at::Tensor& points) const;

 private:
  struct Triangle {
    Point a, b, c;
    int64_t face;
  };
  /// Inner nodes: the first child follows its parent, the second stands at `second`. Leaves: triangles begin … end.
  struct Node {
    Point low, high;
    size_t second = 0, begin = 0, end = 0;
  };
  void build(size_t begin, size_t end);

  std::vector<Triangle> triangles_;
  std::vector<Node> nodes_;
};

}  // namespace medvol::geometry
