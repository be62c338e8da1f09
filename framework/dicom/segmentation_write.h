#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "framework/dicom/segmentation.h"
#include "framework/dicom/series.h"

namespace medvol::dicom {

/// Who made a segmentation; every text at most 64 characters.
struct SegmentationMaker {
  std::string algorithm;  ///< the network, such as "unet"
  std::string version;    ///< of the program
};

/// Writes a label map [D, H, W] of integers on the grid of `source` as a binary DICOM segmentation, Explicit VR Little
/// Endian: one segment for each of `labels`, numbered from 1 in their order as the standard demands, with a frame for
/// each slice that it touches (where there is none at all, one empty frame). `labels[i].number` is its value in the
/// map. Patient and study are copied from the source series, as PS3.3 demands; frames refer to the slices they were
/// made from. Segments are coded as tissue whose type is the label itself, in the private coding scheme 99MEDVOL: a
/// class's name does not tell its SNOMED code. Identifiers are hashes of series and content, and dates are the
/// source's, so that the same segmentation is the same file. UserError when the source's slices lack their identifiers,
/// or the file cannot be written.
void write_segmentation(const std::filesystem::path& path, const imaging::Volume& map,
                        const std::vector<Segment>& labels, const SeriesSlices& source, const SegmentationMaker& maker);

}  // namespace medvol::dicom
