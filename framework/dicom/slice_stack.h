#pragma once
#include <string>
#include <vector>

#include "framework/dicom/slice_header.h"
#include "framework/imaging/volume.h"

namespace medvol::dicom {

/// Slices in the order of their positions along the normal of their plane, and the grid that they form.
struct SliceStack {
  std::vector<SliceHeader> slices;
  imaging::Geometry geometry;
};

/// Orders the slices of one series and measures their grid from the positions. `where` names the series in messages.
/// UserError, with what was measured: slices that differ in size, orientation or pixel spacing; without position;
/// that share a position; gantry tilt (degrees); missing or uneven slices (gaps in mm); multi-frame files.
SliceStack stack_slices(std::vector<SliceHeader> slices, const std::string& where);

}  // namespace medvol::dicom
