#include "framework/geometry/smoothing.h"

#include <ATen/ATen.h>

namespace medvol::geometry {

Mesh taubin_smoothed(const Mesh& mesh, const TaubinOptions& options) {
  const at::Tensor edges = neighbour_edges(mesh.faces);
  at::Tensor vertices = mesh.vertices;
  for (int64_t i = 0; i < options.iterations; ++i)
    for (const double factor : {options.shrink, options.inflate})
      vertices = vertices + factor * laplacian_offsets(vertices, edges);
  return {vertices, mesh.faces};
}

}  // namespace medvol::geometry
