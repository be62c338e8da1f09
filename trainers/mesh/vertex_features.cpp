#include "trainers/mesh/vertex_features.h"

#include <torch/types.h>
#include <torch/utils.h>

#include "framework/core/error.h"
#include "framework/geometry/coordinates.h"

namespace medvol::trainers {
namespace {

constexpr int64_t shape_features = 9;  // normal, Laplacian, position

}  // namespace

int64_t vertex_feature_count(const VertexFeatureOptions& options, int64_t channels, int64_t structures) {
  return shape_features + channels * (2 * options.profile_samples + 1) + structures;
}

at::Tensor vertex_features(const geometry::Mesh& mesh, const imaging::Volume& image, int64_t structure,
                           int64_t structures, const VertexFeatureOptions& options) {
  MEDVOL_CHECK(structure >= 0 && structure < structures, "structure {} of {}", structure, structures);
  const torch::NoGradGuard no_grad;
  const at::Tensor vertices = mesh.vertices.to(torch::kFloat64);
  const at::Tensor normals = geometry::vertex_normals(vertices, mesh.faces);
  const at::Tensor from_centre = vertices - vertices.mean(0);
  const at::Tensor radius = from_centre.norm(2, 1).mean().clamp_min(1e-6);
  std::vector<at::Tensor> columns{normals, geometry::laplacian_offsets(vertices, geometry::neighbour_edges(mesh.faces)),
                                  from_centre / radius};
  for (int64_t i = -options.profile_samples; i <= options.profile_samples; ++i)
    columns.push_back(geometry::sample_image(image.data, image.geometry,
                                             vertices + static_cast<double>(i) * options.profile_spacing * normals));
  at::Tensor kind = torch::zeros({vertices.size(0), structures});
  kind.select(1, structure).fill_(1);
  columns.push_back(kind);
  for (at::Tensor& column : columns) column = column.to(torch::kFloat32);
  return torch::cat(columns, 1);
}

}  // namespace medvol::trainers
