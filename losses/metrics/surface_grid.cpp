#include "losses/metrics/surface_grid.h"

#include <ATen/Parallel.h>

namespace medvol::metrics {
namespace {

/// Voxels of a mask that have a face neighbour outside it (in the plane: an edge neighbour).
SurfaceGrid voxel_surface(const MaskPair& masks) {
  const auto [depth, rows, columns] = masks.size;
  SurfaceGrid grid;
  grid.size = masks.size;
  grid.points.resize(masks.bits.size());
  const std::vector<uint8_t> outside(size_t(columns), 0);
  const auto row_at = [&, rows = rows, columns = columns, depth = depth](int64_t z, int64_t y) {
    const bool inside = z >= 0 && z < depth && y >= 0 && y < rows;
    return inside ? masks.bits.data() + (z * rows + y) * columns : outside.data();
  };
  at::parallel_for(0, depth, 1, [&, rows = rows, columns = columns](int64_t begin, int64_t end) {
    for (int64_t z = begin; z < end; ++z) {
      for (int64_t y = 0; y < rows; ++y) {
        const uint8_t* row = row_at(z, y);
        const uint8_t* above = row_at(z, y - 1);
        const uint8_t* below = row_at(z, y + 1);
        const uint8_t* front = masks.dimensions == 2 ? row : row_at(z - 1, y);
        const uint8_t* back = masks.dimensions == 2 ? row : row_at(z + 1, y);
        uint8_t* points = grid.points.data() + (z * rows + y) * columns;
        for (int64_t x = 0; x < columns; ++x) {
          const uint8_t left = x > 0 ? row[x - 1] : 0;
          const uint8_t right = x + 1 < columns ? row[x + 1] : 0;
          points[x] = uint8_t(row[x] & ~(above[x] & below[x] & front[x] & back[x] & left & right));
        }
      }
    }
  });
  return grid;
}

/// Neighbour codes of one row of corner points: corner x lies between voxels x - 1 and x. `neighbours` are the voxel
/// rows around it in the order of the code's bits 4·dz + 2·dy (in the plane 2·dy), each `columns` long.
void encode_row(const std::array<const uint8_t*, 4>& neighbours, int row_count, int64_t columns, uint8_t bit,
                uint8_t* codes) {
  uint8_t left = 0;  // bits of the voxels before the corner: even positions
  for (int64_t x = 0; x <= columns; ++x) {
    uint8_t right = 0;
    if (x < columns)
      for (int row = 0; row < row_count; ++row) right |= uint8_t((neighbours[size_t(row)][x] & bit ? 1 : 0) << 2 * row);
    codes[x] = uint8_t(left | right << 1);
    left = right;
  }
}

void mark_points(const uint8_t* codes, int64_t count, uint8_t full, uint8_t bit, uint8_t* points) {
  for (int64_t x = 0; x < count; ++x) points[x] |= (codes[x] != 0 && codes[x] != full) ? bit : uint8_t(0);
}

SurfaceGrid surfel_surface(const MaskPair& masks) {
  const auto [depth, rows, columns] = masks.size;
  const bool planar = masks.dimensions == 2;
  SurfaceGrid grid;
  grid.size = {planar ? depth : depth + 1, rows + 1, columns + 1};
  const size_t points = size_t(grid.size[0] * grid.size[1] * grid.size[2]);
  grid.points.assign(points, 0);
  for (auto& codes : grid.codes) codes.resize(points);
  const std::vector<uint8_t> outside(size_t(columns), 0);
  const auto row_at = [&, rows = rows, columns = columns, depth = depth](int64_t z, int64_t y) {
    const bool inside = z >= 0 && z < depth && y >= 0 && y < rows;
    return inside ? masks.bits.data() + (z * rows + y) * columns : outside.data();
  };
  at::parallel_for(0, grid.size[0], 1, [&, rows = rows, columns = columns](int64_t begin, int64_t end) {
    for (int64_t z = begin; z < end; ++z) {
      for (int64_t y = 0; y <= rows; ++y) {
        const int64_t start = (z * (rows + 1) + y) * (columns + 1);
        std::array<const uint8_t*, 4> neighbours{row_at(z - 1, y - 1), row_at(z - 1, y), row_at(z, y - 1),
                                                 row_at(z, y)};
        if (planar) neighbours = {row_at(z, y - 1), row_at(z, y), nullptr, nullptr};
        for (const uint8_t bit : {reference_bit, prediction_bit}) {
          uint8_t* codes = grid.codes[bit == reference_bit ? 0 : 1].data() + start;
          encode_row(neighbours, planar ? 2 : 4, columns, bit, codes);
          mark_points(codes, columns + 1, planar ? 15 : 255, bit, grid.points.data() + start);
        }
      }
    }
  });
  if (planar) {
    const auto lengths = contour_lengths(masks.spacing[1], masks.spacing[2]);
    grid.weights.assign(lengths.begin(), lengths.end());
  } else {
    const auto areas = surfel_areas(masks.spacing);
    grid.weights.assign(areas.begin(), areas.end());
  }
  return grid;
}

}  // namespace

SurfaceGrid surface_grid(const MaskPair& masks, SurfaceDefinition definition) {
  switch (definition) {
    case SurfaceDefinition::surfels:
      return surfel_surface(masks);
    case SurfaceDefinition::all_voxels:
      return {masks.size, masks.bits, {}, {}};
    default:
      return voxel_surface(masks);
  }
}

}  // namespace medvol::metrics
