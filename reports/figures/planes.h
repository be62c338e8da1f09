#pragma once
#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "framework/imaging/volume.h"

namespace medvol::reports {

/// A flat cut through a grid as it is looked at: rows downwards, columns to the right.
struct Plane {
  std::string name;                  ///< "axial", "coronal", "sagittal"; empty for a 2D image
  std::string left, right, top;      ///< patient's direction letters at the edges; empty for a 2D image
  int axis = 0;                      ///< of the arranged array, that the cut is across
  int64_t position = 0;              ///< along that axis
  bool flip_rows = false;            ///< the arranged rows run upwards
  double row_mm = 1, column_mm = 1;  ///< spacing of rows and of columns
};

/// The array [D, H, W] of a grid with its axes turned and flipped (no resampling) to run foot → head, front → back and
/// patient's right → left; a 2D grid stays as it is.
at::Tensor arranged(const at::Tensor& array, const imaging::Geometry& geometry);
/// Spacing of the arranged array, mm.
std::array<double, 3> arranged_spacing(const imaging::Geometry& geometry);

/// The place to look at in an arranged label map: the centroid of all voxels whose label is among `labels`, moved along
/// each axis to the nearest plane that holds such a voxel; the middle when there is none.
std::array<int64_t, 3> focus(const at::Tensor& arranged_labels, const std::set<int64_t>& labels, bool& found);

/// The planes through a place, in radiological convention: axial and coronal with the patient's left on the right,
/// sagittal with the front on the left. One for a 2D grid.
std::vector<Plane> planes_through(const std::array<int64_t, 3>& place, const imaging::Geometry& geometry);

/// The cut of an arranged array: [rows, columns], contiguous.
at::Tensor cut(const at::Tensor& arranged_array, const Plane& plane);

}  // namespace medvol::reports
