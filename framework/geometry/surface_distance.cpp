#include "framework/geometry/surface_distance.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "framework/geometry/surface_sampling.h"
#include "framework/geometry/surface_tree.h"

namespace medvol::geometry {
namespace {

struct Directed {
  double mean, percentile95, maximum;
};

Directed directed(const Mesh& from, const Mesh& to, int64_t samples, uint64_t seed) {
  runtime::Philox random(seed, runtime::purpose_statistics);
  const at::Tensor points = sampled_points(sample_surface(from, samples, random), from.vertices, from.faces);
  const at::Tensor distances = std::get<0>(SurfaceTree(to).distances(points).sort());
  const int64_t rank = (95 * samples + 99) / 100 - 1;  // the first that has 95 % at or below it
  return {distances.mean().item<double>(), distances[rank].item<double>(), distances[samples - 1].item<double>()};
}

}  // namespace

SurfaceDistance surface_distance(const Mesh& a, const Mesh& b, int64_t samples, uint64_t seed) {
  const Directed there = directed(a, b, samples, seed), back = directed(b, a, samples, seed);
  return {(there.mean + back.mean) / 2, std::max(there.percentile95, back.percentile95),
          std::max(there.maximum, back.maximum)};
}

}  // namespace medvol::geometry
