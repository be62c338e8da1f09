#include "framework/geometry/surface_tree.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "framework/core/error.h"

namespace medvol::geometry {
namespace {

constexpr size_t leaf_size = 4;
/// Halving 2^60 triangles goes no deeper; a node leaves one sibling on the stack.
constexpr size_t deepest = 64;

Point operator-(const Point& a, const Point& b) { return {a[0] - b[0], a[1] - b[1], a[2] - b[2]}; }
double dot(const Point& a, const Point& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
Point along(const Point& from, const Point& step, double share) {
  return {from[0] + share * step[0], from[1] + share * step[1], from[2] + share * step[2]};
}

double squared_distance_to_box(const Point& point, const Point& low, const Point& high) {
  double sum = 0;
  for (size_t a = 0; a < 3; ++a) {
    const double outside = std::max({low[a] - point[a], 0.0, point[a] - high[a]});
    sum += outside * outside;
  }
  return sum;
}

}  // namespace

Point nearest_in_triangle(const Point& point, const Point& a, const Point& b, const Point& c) {
  const Point ab = b - a, ac = c - a, ap = point - a;
  const double d1 = dot(ab, ap), d2 = dot(ac, ap);
  if (d1 <= 0 && d2 <= 0) return a;
  const Point bp = point - b;
  const double d3 = dot(ab, bp), d4 = dot(ac, bp);
  if (d3 >= 0 && d4 <= d3) return b;
  const double vc = d1 * d4 - d3 * d2;
  if (vc <= 0 && d1 >= 0 && d3 <= 0 && d1 > d3) return along(a, ab, d1 / (d1 - d3));
  const Point cp = point - c;
  const double d5 = dot(ab, cp), d6 = dot(ac, cp);
  if (d6 >= 0 && d5 <= d6) return c;
  const double vb = d5 * d2 - d1 * d6;
  if (vb <= 0 && d2 >= 0 && d6 <= 0 && d2 > d6) return along(a, ac, d2 / (d2 - d6));
  const double va = d3 * d6 - d5 * d4, to_b = d4 - d3, to_c = d5 - d6;
  if (va <= 0 && to_b >= 0 && to_c >= 0 && to_b + to_c > 0) return along(b, c - b, to_b / (to_b + to_c));
  const double sum = va + vb + vc;
  if (!(sum > 0)) return a;  // no area, and no side was nearer
  return along(along(a, ab, vb / sum), ac, vc / sum);
}

SurfaceTree::SurfaceTree(const Mesh& mesh) {
  MEDVOL_CHECK(mesh.face_count() > 0, "a mesh without faces");
  const at::Tensor vertices = mesh.vertices.to(at::kCPU, at::kDouble).contiguous();
  const at::Tensor faces = mesh.faces.to(at::kCPU).contiguous();
  const double* position = vertices.data_ptr<double>();
  const auto corner = [&](int64_t vertex) {
    return Point{position[3 * vertex], position[3 * vertex + 1], position[3 * vertex + 2]};
  };
  for (int64_t f = 0; f < mesh.face_count(); ++f) {
    const int64_t* face = faces.data_ptr<int64_t>() + 3 * f;
    triangles_.push_back({corner(face[0]), corner(face[1]), corner(face[2]), f});
  }
  nodes_.reserve(triangles_.size());
  build(0, triangles_.size());
}

void SurfaceTree::build(size_t begin, size_t end) {
  constexpr double infinite = std::numeric_limits<double>::infinity();
  Node node{{infinite, infinite, infinite}, {-infinite, -infinite, -infinite}, 0, begin, end};
  for (size_t i = begin; i < end; ++i)
    for (const Point& corner : {triangles_[i].a, triangles_[i].b, triangles_[i].c})
      for (size_t a = 0; a < 3; ++a) {
        node.low[a] = std::min(node.low[a], corner[a]);
        node.high[a] = std::max(node.high[a], corner[a]);
      }
  const size_t index = nodes_.size();
  nodes_.push_back(node);
  if (end - begin <= leaf_size) return;
  const Point extent = node.high - node.low;
  const size_t axis = size_t(std::max_element(extent.begin(), extent.end()) - extent.begin());
  const auto centre = [axis](const Triangle& t) { return t.a[axis] + t.b[axis] + t.c[axis]; };
  const size_t middle = (begin + end) / 2;
  const auto at = [&](size_t i) { return triangles_.begin() + std::ptrdiff_t(i); };
  std::nth_element(at(begin), at(middle), at(end), [&](const Triangle& a, const Triangle& b) {
    return centre(a) != centre(b) ? centre(a) < centre(b) : a.face < b.face;
  });
  build(begin, middle);
  nodes_[index].second = nodes_.size();
  build(middle, end);
}

SurfaceTree::Nearest SurfaceTree::nearest(const Point& point) const {
  double best = std::numeric_limits<double>::infinity();
  Nearest result;
  std::array<std::pair<double, size_t>, deepest> stack;
  const auto distance = [&](size_t node) {
    return squared_distance_to_box(point, nodes_[node].low, nodes_[node].high);
  };
  size_t waiting = 0;
  stack[waiting++] = {distance(0), 0};
  while (waiting > 0) {
    const auto [bound, index] = stack[--waiting];
    if (bound >= best) continue;
    const Node& node = nodes_[index];
    if (node.second != 0) {
      std::pair<double, size_t> near{distance(index + 1), index + 1}, far{distance(node.second), node.second};
      if (far.first < near.first) std::swap(near, far);
      stack[waiting++] = far;
      stack[waiting++] = near;
      continue;
    }
    for (size_t i = node.begin; i < node.end; ++i) {
      const Triangle& triangle = triangles_[i];
      const Point candidate = nearest_in_triangle(point, triangle.a, triangle.b, triangle.c);
      const Point difference = candidate - point;
      const double squared = dot(difference, difference);
      if (squared >= best) continue;
      best = squared;
      result.face = triangle.face;
      result.point = candidate;
    }
  }
  result.distance = std::sqrt(best);
  return result;
}

at::Tensor SurfaceTree::distances(const at::Tensor& points) const {
  const at::Tensor from = points.to(at::kCPU, at::kDouble).contiguous();
  at::Tensor result = at::empty({from.size(0)}, at::kDouble);
  const double* position = from.data_ptr<double>();
  double* distance = result.data_ptr<double>();
  at::parallel_for(0, from.size(0), 256, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      distance[i] = nearest({position[3 * i], position[3 * i + 1], position[3 * i + 2]}).distance;
  });
  return result;
}

}  // namespace medvol::geometry
