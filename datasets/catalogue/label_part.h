#pragma once
#include "datasets/dataset.h"
#include "framework/imaging/volume.h"

namespace medvol::datasets {

/// The voxels of one part of a case's labels [D, H, W] int32 as the file holds them: LabelFile::label is not applied
/// yet. A label map lies on its own grid, which the caller compares with the image's; outlines and lists of positions
/// are drawn on `grid`, the image's. Throws core::UserError when the file has no such structure.
imaging::Volume read_label_part(const Case& one, const LabelFile& part, const imaging::Geometry& grid);

/// Values of the structure "3,4" of a label map. Throws core::UserError naming `file`.
std::vector<int32_t> structure_values(const std::string& structure, const std::filesystem::path& file);

}  // namespace medvol::datasets
