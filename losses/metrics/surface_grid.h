#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "losses/metrics/surface.h"

namespace medvol::metrics {

/// The points of a grid that make up the two surfaces of a MaskPair, and the share of each.
struct SurfaceGrid {
  std::array<int64_t, 3> size{0, 0, 0};  ///< z, y, x: that of the masks, or one more an axis for surfels
  std::vector<uint8_t> points;           ///< reference_bit, prediction_bit: a point of that surface
  /// Empty (every point has weight 1), or the neighbour codes of reference and prediction: index into `weights`.
  std::array<std::vector<uint8_t>, 2> codes;
  std::vector<double> weights;

  double weight(uint8_t bit, size_t point) const {
    return weights.empty() ? 1.0 : weights[codes[bit == reference_bit ? 0 : 1][point]];
  }
};

SurfaceGrid surface_grid(const MaskPair& masks, SurfaceDefinition definition);

}  // namespace medvol::metrics
