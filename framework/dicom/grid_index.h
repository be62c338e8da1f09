#pragma once
#include "framework/dicom/vector.h"
#include "framework/imaging/volume.h"

namespace medvol::dicom {

/// From the patient to the voxels of a grid: index axes x, y, z, whole numbers at the centres of voxels.
class GridIndex {
 public:
  /// UserError when the grid's axes do not span the space.
  explicit GridIndex(const imaging::Geometry& grid);
  /// Of a point, mm LPS.
  Vector of(const Vector& point) const { return of_step(minus(point, origin_)); }
  /// Of a difference of two points.
  Vector of_step(const Vector& step) const;

 private:
  std::array<Vector, 3> rows_;  ///< of the inverse of direction times spacing
  Vector origin_;
};

}  // namespace medvol::dicom
