#pragma once
#include "framework/geometry/mesh.h"

namespace medvol::geometry {

/// How far two surfaces lie apart, mm. "Directed" distances go from points spread evenly over one surface to the
/// nearest point of the other; both directions count alike, as in DeepMind's surface-distance (metrics' `surfels`).
struct SurfaceDistance {
  double mean = 0;     ///< mean of the two directed means
  double hd95 = 0;     ///< the larger of the two directed 95th percentiles
  double maximum = 0;  ///< over all sampled points
};

/// Exact point-to-triangle distances of `samples` points a surface, drawn by a stream of `seed`. InternalError when a
/// mesh has no faces.
SurfaceDistance surface_distance(const Mesh& a, const Mesh& b, int64_t samples = 10000, uint64_t seed = 0);

}  // namespace medvol::geometry
