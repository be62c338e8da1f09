#pragma once
#include "datasets/dataset.h"
#include "framework/imaging/volume.h"

namespace medvol::datasets {

/// The voxels of one part of a case's labels [D, H, W] int32 as the file holds them: LabelFile::label is not applied
/// yet. By the kind of file:
///   a label map         structure "3,4": 1 where it is 3 or 4; "0|255": 1 where it is 0, and nothing but 255 elsewhere
///   LUNA16's .csv       structure: the series, whose nodules are drawn (spheres.h)
///   DICOM-SEG           structure: the label of a segment; empty: a map of segment numbers
///   RTSTRUCT            structure: the name of a region
///   LIDC's .xml         structure: the agreement level (lidc_nodules.h); the case's image is the DICOM folder
/// A label map lies on its own grid, which the caller compares with the image's; outlines and lists of positions
/// are drawn on `grid`, the image's. Throws core::UserError when the file has no such structure.
imaging::Volume read_label_part(const Case& one, const LabelFile& part, const imaging::Geometry& grid);

}  // namespace medvol::datasets
