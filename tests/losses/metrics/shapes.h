#pragma once
#include <ATen/ATen.h>

#include <array>
#include <vector>

#include "framework/imaging/volume.h"
#include "framework/runtime/philox.h"
#include "losses/metrics/surface.h"

namespace medvol::tests {

inline imaging::Geometry grid(std::array<int64_t, 3> size_zyx, std::array<double, 3> spacing_zyx, int dimensions = 3) {
  imaging::Geometry geometry;
  geometry.size = {size_zyx[2], size_zyx[1], size_zyx[0]};
  geometry.spacing = {spacing_zyx[2], spacing_zyx[1], spacing_zyx[0]};
  geometry.dimensions = dimensions;
  return geometry;
}

/// Writes `label` into the box of `map` (z, y, x).
inline void paint(at::Tensor& map, std::array<int64_t, 3> begin, std::array<int64_t, 3> size, int label) {
  map.narrow(0, begin[0], size[0]).narrow(1, begin[1], size[1]).narrow(2, begin[2], size[2]).fill_(label);
}

inline at::Tensor empty_map(std::array<int64_t, 3> size) { return at::zeros({size[0], size[1], size[2]}, at::kInt); }

inline std::vector<uint8_t> random_bits(std::array<int64_t, 3> size, double share, uint64_t seed, uint8_t bits) {
  runtime::Philox draws(seed, runtime::purpose_phantom);
  std::vector<uint8_t> mask(size_t(size[0] * size[1] * size[2]));
  for (auto& voxel : mask)
    for (uint8_t bit = 1; bit <= bits; bit = uint8_t(bit << 1))
      if (draws.bernoulli(share)) voxel |= bit;
  return mask;
}

}  // namespace medvol::tests
