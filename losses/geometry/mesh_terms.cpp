#include "losses/geometry/mesh_terms.h"

#include <ATen/ATen.h>

#include <vector>

#include "framework/core/error.h"
#include "framework/geometry/mesh.h"

namespace medvol::losses {
namespace {

constexpr int64_t rows_at_once = 1024;  // 16 MB of distances to 4000 points
constexpr double smallest = 1e-12;      // under a root or a quotient, mm²

at::Tensor power_of(const at::Tensor& difference, ChamferPower power) {
  const at::Tensor squared = difference.square().sum(1);
  return power == ChamferPower::squared ? squared : (squared + smallest).sqrt();
}

}  // namespace

at::Tensor nearest_rows(const at::Tensor& from, const at::Tensor& to) {
  MEDVOL_CHECK(to.size(0) > 0, "no points to be near to");
  const at::NoGradGuard no_grad;
  constexpr int64_t without_matrix_product = 2;  // |a|² + |b|² − 2ab would lose tenths of a millimetre
  const at::Tensor points = from.detach(), targets = to.detach();
  std::vector<at::Tensor> rows;
  for (int64_t begin = 0; begin < points.size(0); begin += rows_at_once)
    rows.push_back(
        at::cdist(points.slice(0, begin, begin + rows_at_once), targets, 2.0, without_matrix_product).argmin(1));
  return rows.empty() ? at::zeros({0}, points.options().dtype(at::kLong)) : at::cat(rows);
}

at::Tensor chamfer(const at::Tensor& points, const at::Tensor& targets, ChamferPower power) {
  const at::Tensor there = points - targets.index_select(0, nearest_rows(points, targets));
  const at::Tensor back = targets - points.index_select(0, nearest_rows(targets, points));
  return power_of(there, power).mean() + power_of(back, power).mean();
}

at::Tensor edge_length(const at::Tensor& vertices, const at::Tensor& edges, double rest) {
  const at::Tensor along = vertices.index_select(0, edges.select(0, 1)) - vertices.index_select(0, edges.select(0, 0));
  const at::Tensor squared = along.square().sum(1);
  return rest == 0 ? squared.mean() : ((squared + smallest).sqrt() - rest).square().mean();
}

at::Tensor laplacian(const at::Tensor& vertices, const at::Tensor& edges) {
  return geometry::laplacian_offsets(vertices, edges).square().sum(1).mean();
}

at::Tensor normal_consistency(const at::Tensor& vertices, const at::Tensor& faces, const at::Tensor& adjacent) {
  if (adjacent.size(0) == 0) return vertices.sum() * 0;
  const at::Tensor vectors = geometry::face_vectors(vertices, faces);
  const at::Tensor normals = vectors / (vectors.square().sum(1, /*keepdim=*/true) + smallest).sqrt();
  const at::Tensor cosine =
      (normals.index_select(0, adjacent.select(1, 0)) * normals.index_select(0, adjacent.select(1, 1))).sum(1);
  return (1 - cosine).mean();
}

}  // namespace medvol::losses
