#pragma once
#include <algorithm>
#include <array>
#include <cstdint>

#include "datasets/augmentation/augmentation_draws.h"
#include "datasets/augmentation/source_patch.h"

namespace medvol::datasets {

/// The part of the image that may be read: image and box at once; in image coordinates.
struct Region {
  Index3 low, high;
};

inline Region readable(const SourcePatch& source) {
  Region region;
  for (size_t axis = 0; axis < 3; ++axis) {
    region.low[axis] = std::max<int64_t>(source.begin[axis], 0);
    region.high[axis] = std::min(source.begin[axis] + source.size[axis], source.image_size[axis]);
  }
  return region;
}

/// Source coordinates along an output row: start + step · x, in image coordinates.
struct Line {
  std::array<double, 3> start, step;
  double at(size_t axis, auto x) const { return start[axis] + step[axis] * double(x); }
};

/// The output grid's way into the image.
struct AffineGrid {
  std::array<double, 3> origin;  ///< source of output voxel 0, 0, 0
  std::array<std::array<double, 3>, 3> matrix;

  AffineGrid(const SourcePatch& source, const Index3& patch_size, const AugmentationDraws& draws) {
    for (size_t row = 0; row < 3; ++row) {
      origin[row] = double(source.begin[row]) + double(source.size[row] - 1) / 2;
      for (size_t column = 0; column < 3; ++column) {
        const double entry = draws.matrix[row][draws.order[column]];
        matrix[row][column] = draws.mirror[column] ? -entry : entry;
        origin[row] -= matrix[row][column] * (double(patch_size[column] - 1) / 2);
      }
    }
  }
  Line line(int64_t z, int64_t y) const {
    Line line;
    for (size_t row = 0; row < 3; ++row) {
      line.start[row] = origin[row] + matrix[row][0] * double(z) + matrix[row][1] * double(y);
      line.step[row] = matrix[row][2];
    }
    return line;
  }
};

}  // namespace medvol::datasets
