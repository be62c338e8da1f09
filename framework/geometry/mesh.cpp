#include "framework/geometry/mesh.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <tuple>

#include "framework/core/error.h"

namespace medvol::geometry {
namespace {

/// Corner `k` of every face, [F, 3].
at::Tensor corners(const at::Tensor& vertices, const at::Tensor& faces, int64_t k) {
  return vertices.index_select(0, faces.select(1, k));
}

/// The three sides of every face: smaller and larger end as one number, [3F]; side s of face f stands at s·F + f.
/// `stride` is larger than any index.
at::Tensor side_keys(const at::Tensor& faces, int64_t stride) {
  const at::Tensor from = faces.t().reshape(-1), to = at::roll(faces, -1, 1).t().reshape(-1);
  return at::minimum(from, to) * stride + at::maximum(from, to);
}

int64_t index_stride(const at::Tensor& faces) { return faces.numel() == 0 ? 1 : faces.max().item<int64_t>() + 1; }

}  // namespace

at::Tensor face_vectors(const at::Tensor& vertices, const at::Tensor& faces) {
  MEDVOL_CHECK(vertices.dim() == 2 && vertices.size(1) == 3 && faces.dim() == 2 && faces.size(1) == 3,
               "vertices are [V, 3] and faces [F, 3]");
  const at::Tensor first = corners(vertices, faces, 0);
  return at::linalg_cross(corners(vertices, faces, 1) - first, corners(vertices, faces, 2) - first) / 2;
}

at::Tensor face_areas(const at::Tensor& vertices, const at::Tensor& faces) {
  return face_vectors(vertices, faces).norm(2, 1);
}

at::Tensor vertex_normals(const at::Tensor& vertices, const at::Tensor& faces) {
  const at::Tensor vectors = face_vectors(vertices, faces);
  at::Tensor sum = at::zeros_like(vertices);
  for (int64_t k = 0; k < 3; ++k) sum = sum.index_add(0, faces.select(1, k), vectors);
  return sum / sum.norm(2, 1, /*keepdim=*/true).clamp_min(1e-12);
}

double surface_area(const Mesh& mesh) {
  return face_areas(mesh.vertices.to(at::kDouble), mesh.faces).sum().item<double>();
}

double enclosed_volume(const Mesh& mesh) {
  if (mesh.face_count() == 0) return 0;
  // About the first vertex and not the scanner's origin: the terms then have the size of the mesh.
  const at::Tensor vertices = mesh.vertices.to(at::kDouble) - mesh.vertices[0].to(at::kDouble);
  const at::Tensor height = corners(vertices, mesh.faces, 0);
  return (height * face_vectors(vertices, mesh.faces)).sum().item<double>() / 3;
}

at::Tensor unique_edges(const at::Tensor& faces) {
  const int64_t stride = index_stride(faces);
  const at::Tensor keys = std::get<0>(at::_unique2(side_keys(faces, stride), /*sorted=*/true));
  return at::stack({at::floor_divide(keys, stride), at::remainder(keys, stride)}, 1);
}

at::Tensor neighbour_edges(const at::Tensor& faces) {
  const at::Tensor edges = unique_edges(faces).t();
  return at::cat({edges, edges.flip(0)}, 1).contiguous();
}

at::Tensor adjacent_faces(const at::Tensor& faces) {
  const at::Tensor keys = side_keys(faces, index_stride(faces));
  const auto [unique, inverse, counts] = at::_unique2(keys, /*sorted=*/true, /*inverse=*/true, /*counts=*/true);
  // Sides ordered by edge: the two of an edge with two faces then stand together.
  const at::Tensor order = inverse.argsort(/*stable=*/true, /*dim=*/0, /*descending=*/false);
  const at::Tensor first = (counts.cumsum(0) - counts).masked_select(counts == 2);
  const at::Tensor face = at::remainder(order, std::max<int64_t>(faces.size(0), 1));
  return at::stack({face.index_select(0, first), face.index_select(0, first + 1)}, 1);
}

at::Tensor laplacian_offsets(const at::Tensor& vertices, const at::Tensor& edges) {
  const at::Tensor from = edges.select(0, 0), to = edges.select(0, 1);
  const at::Tensor sum = at::zeros_like(vertices).index_add(0, to, vertices.index_select(0, from));
  const at::Tensor ones = at::ones({edges.size(1), 1}, vertices.options());
  const at::Tensor degree = at::zeros({vertices.size(0), 1}, vertices.options()).index_add(0, to, ones);
  return sum / degree.clamp_min(1) - vertices * (degree > 0);
}

}  // namespace medvol::geometry
