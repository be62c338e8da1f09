#include "framework/dicom/grid_index.h"

#include "framework/core/error.h"

namespace medvol::dicom {

GridIndex::GridIndex(const imaging::Geometry& grid) : origin_(grid.origin) {
  std::array<Vector, 3> axes;  // a step of one voxel along each index axis
  for (int axis = 0; axis < 3; ++axis) {
    for (int row = 0; row < 3; ++row) axes[axis][row] = grid.direction[3 * row + axis] * grid.spacing[axis];
  }
  const double volume = dot(axes[0], cross(axes[1], axes[2]));
  if (!(std::abs(volume) > 1e-9)) {
    throw core::UserError("the axes of the image's grid do not span the space", grid.text());
  }
  for (int axis = 0; axis < 3; ++axis) {
    rows_[axis] = times(1 / volume, cross(axes[(axis + 1) % 3], axes[(axis + 2) % 3]));
  }
}

Vector GridIndex::of_step(const Vector& step) const {
  return {dot(rows_[0], step), dot(rows_[1], step), dot(rows_[2], step)};
}

}  // namespace medvol::dicom
