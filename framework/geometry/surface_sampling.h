#pragma once
#include "framework/geometry/mesh.h"
#include "framework/runtime/philox.h"

namespace medvol::geometry {

/// Points of a surface, told by faces, so that they move with the vertices and gradients flow back to those.
struct SurfaceSample {
  at::Tensor faces;    ///< [N] int64
  at::Tensor weights;  ///< [N, 3] float64: barycentric, of the face's corners

  int64_t count() const { return faces.size(0); }
};

/// `count` points spread by area: the surface is cut into `count` parts of equal area in the order of its faces, and
/// one point is drawn in each, so that every face gets its share with little noise. A function of the mesh and the
/// stream alone. Uniform inside a face (Osada et al., ACM TOG 2002, equation 1). InternalError for a mesh without area.
SurfaceSample sample_surface(const Mesh& mesh, int64_t count, runtime::Philox& random);

/// The points [N, 3] in the vertices' dtype and on their device, mm; differentiable in `vertices`.
at::Tensor sampled_points(const SurfaceSample& sample, const at::Tensor& vertices, const at::Tensor& faces);

}  // namespace medvol::geometry
