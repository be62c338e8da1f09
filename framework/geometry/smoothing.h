#pragma once
#include "framework/geometry/mesh.h"

namespace medvol::geometry {

/// Taubin's smoothing (A signal processing approach to fair surface design, SIGGRAPH 1995): each iteration moves the
/// vertices by `shrink` times their uniform Laplacian and then by `inflate` times it, which flattens voxel staircases
/// and keeps the volume where a plain Laplacian would shrink it. 1/shrink + 1/inflate is the pass band (here 0.1).
struct TaubinOptions {
  int64_t iterations = 10;
  double shrink = 0.5;
  double inflate = -0.5263157894736842;
};

/// The same faces with smoothed vertices.
Mesh taubin_smoothed(const Mesh& mesh, const TaubinOptions& options = {});

}  // namespace medvol::geometry
