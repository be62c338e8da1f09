#include "framework/geometry/topology.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>
#include <vector>

#include "framework/core/error.h"

namespace medvol::geometry {
namespace {

/// A side of a face: its ends, smaller first, and whether the face runs from the smaller to the larger.
struct Side {
  int64_t low, high;
  bool ascending;
};

std::vector<Side> ordered_sides(const int64_t* faces, int64_t count) {
  std::vector<Side> sides;
  sides.reserve(static_cast<size_t>(3 * count));
  for (int64_t f = 0; f < count; ++f) {
    for (int k = 0; k < 3; ++k) {
      const int64_t from = faces[3 * f + k], to = faces[3 * f + (k + 1) % 3];
      if (from != to) sides.push_back({std::min(from, to), std::max(from, to), from < to});
    }
  }
  std::sort(sides.begin(), sides.end(), [](const Side& a, const Side& b) {
    return std::tie(a.low, a.high, a.ascending) < std::tie(b.low, b.high, b.ascending);
  });
  return sides;
}

/// Union-find with path halving.
class Sets {
 public:
  explicit Sets(int64_t count) : parent_(static_cast<size_t>(count)) { std::iota(parent_.begin(), parent_.end(), 0); }
  int64_t find(int64_t i) {
    while (parent_[size_t(i)] != i) i = parent_[size_t(i)] = parent_[size_t(parent_[size_t(i)])];
    return i;
  }
  void unite(int64_t a, int64_t b) { parent_[size_t(find(a))] = find(b); }

 private:
  std::vector<int64_t> parent_;
};

}  // namespace

Topology topology(const at::Tensor& faces, int64_t vertex_count) {
  const at::Tensor rows = faces.to(at::kLong).contiguous();
  const int64_t* indices = rows.data_ptr<int64_t>();
  Topology result;
  result.faces = rows.size(0);
  std::vector<bool> used(static_cast<size_t>(vertex_count));
  for (int64_t f = 0; f < result.faces; ++f) {
    const int64_t* face = indices + 3 * f;
    for (int k = 0; k < 3; ++k) {
      MEDVOL_CHECK(face[k] >= 0 && face[k] < vertex_count, "face {} names vertex {} of {}", f, face[k], vertex_count);
      used[size_t(face[k])] = true;
    }
    if (face[0] == face[1] || face[1] == face[2] || face[2] == face[0]) ++result.degenerate_faces;
  }
  Sets sets(vertex_count);
  const std::vector<Side> sides = ordered_sides(indices, result.faces);
  for (size_t begin = 0; begin < sides.size();) {
    size_t end = begin, ascending = 0;
    for (; end < sides.size() && sides[end].low == sides[begin].low && sides[end].high == sides[begin].high; ++end)
      ascending += sides[end].ascending;
    ++result.edges;
    if (end - begin == 1) ++result.boundary_edges;
    if (end - begin > 2) ++result.crowded_edges;
    if (end - begin == 2 && ascending != 1) ++result.misoriented_edges;
    sets.unite(sides[begin].low, sides[begin].high);
    begin = end;
  }
  for (int64_t v = 0; v < vertex_count; ++v) {
    if (!used[size_t(v)]) {
      ++result.unused_vertices;
      continue;
    }
    ++result.vertices;
    if (sets.find(v) == v) ++result.components;
  }
  return result;
}

std::string Topology::text() const {
  if (faces == 0) return "empty";
  std::string words = closed() ? "closed" : "not closed";
  const auto add = [&](int64_t count, const char* one, const char* many) {
    if (count > 0) words += fmt::format(", {} {}", count, count == 1 ? one : many);
  };
  add(boundary_edges, "open edge", "open edges");
  add(crowded_edges, "edge of more than two faces", "edges of more than two faces");
  add(misoriented_edges, "misoriented edge", "misoriented edges");
  add(degenerate_faces, "degenerate face", "degenerate faces");
  add(components, "component", "components");
  return words + fmt::format(", Euler characteristic {}", euler_characteristic());
}

}  // namespace medvol::geometry
