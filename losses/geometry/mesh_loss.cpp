#include "losses/geometry/mesh_loss.h"

#include <ATen/ATen.h>

namespace medvol::losses {

config::EnumNames<ChamferPower> enum_names(ChamferPower) {
  return {{"distance", ChamferPower::distance}, {"squared", ChamferPower::squared}};
}

MeshConnections MeshConnections::of(const geometry::Mesh& mesh) {
  MeshConnections result{mesh.faces, geometry::neighbour_edges(mesh.faces), geometry::adjacent_faces(mesh.faces)};
  if (result.edges.size(1) == 0) return result;
  const at::Tensor along = mesh.vertices.index_select(0, result.edges.select(0, 1)) -
                           mesh.vertices.index_select(0, result.edges.select(0, 0));
  result.rest_length = along.norm(2, 1).mean().item<double>();
  return result;
}

MeshLoss::Result MeshLoss::operator()(const at::Tensor& vertices, const MeshConnections& mesh, const at::Tensor& points,
                                      const at::Tensor& targets) const {
  Result result{at::zeros({}, vertices.options()), {}};
  const auto add = [&](const char* name, double weight, const auto& term) {
    if (weight == 0) return;
    const at::Tensor value = term();
    result.total = result.total + weight * value;
    result.terms.emplace(name, value.detach());
  };
  add("chamfer", options_.chamfer_weight, [&] { return chamfer(points, targets, options_.chamfer_power); });
  add("edge", options_.edge_weight, [&] { return edge_length(vertices, mesh.edges, mesh.rest_length); });
  add("laplacian", options_.laplacian_weight, [&] { return laplacian(vertices, mesh.edges); });
  add("normal", options_.normal_weight, [&] { return normal_consistency(vertices, mesh.faces, mesh.adjacent); });
  return result;
}

}  // namespace medvol::losses
