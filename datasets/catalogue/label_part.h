#pragma once
#include <filesystem>
#include <variant>

#include "datasets/dataset.h"
#include "framework/dicom/segmentation.h"
#include "framework/dicom/structure_set.h"
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
class LabelParts {
 public:
  /// Both must outlive it.
  LabelParts(const Case& one, const imaging::Geometry& grid) : case_(one), grid_(grid) {}
  imaging::Volume read(const LabelFile& part);

 private:
  imaging::Volume read_dicom(const LabelFile& part);

  const Case& case_;
  const imaging::Geometry& grid_;
  /// A DICOM file often holds several parts: the last one stays open.
  std::filesystem::path open_;
  std::variant<std::monostate, dicom::SegmentationObject, dicom::StructureSet> object_;
};

}  // namespace medvol::datasets
