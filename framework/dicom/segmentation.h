#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "framework/imaging/volume.h"

namespace medvol::dicom {

/// SegmentationType (0062,0001), PS3.3 C.8.20.2: a bit a voxel for each segment; a share a voxel for each segment; or
/// one map whose values are segment numbers (Supplement 243).
enum class SegmentationKind { binary, fractional, labelmap };

struct Segment {
  int64_t number = 0;  ///< SegmentNumber: from 1; 0 is a label map's background, where that is declared
  std::string label;   ///< SegmentLabel; may be empty
};

/// A DICOM segmentation (SEG). Segments may overlap, except in a label map. Frames that are left out hold nothing.
class SegmentationObject {
 public:
  SegmentationKind kind() const;
  /// In the order of the file.
  const std::vector<Segment>& segments() const;
  /// The number of the one segment of this label. UserError listing the labels when there is none, or several.
  int64_t number_of(const std::string& label) const;
  /// SeriesInfo::key of the series that was segmented; empty when the file does not say.
  const std::string& series_key() const;

  /// uint8 [D, H, W] on `grid`, 1 in the segment. Of a fractional segmentation: where the share of
  /// MaximumFractionalValue is `threshold` or more. Frames are placed by their position, orientation and pixel
  /// spacing; rows, columns and slices may lie along any axes of the grid, in either direction.
  /// UserError (one line) when a frame lies more than 0.1 voxels beside the grid's voxels (0.06 mm where
  /// that is more, up to 0.25 voxels: rounded positions), when a voxel of the segment
  /// lies outside the grid, when the frames have no place in the patient (slides, radiographs), and for a number that
  /// is not in segments(). A segment without frames is empty.
  imaging::Volume mask(int64_t number, const imaging::Geometry& grid, double threshold = 0.5) const;

  /// All segments as int32 [D, H, W] of segment numbers, 0 elsewhere. UserError where two of them share a voxel.
  imaging::Volume label_map(const imaging::Geometry& grid, double threshold = 0.5) const;

  struct Content;  ///< internal
  explicit SegmentationObject(std::shared_ptr<const Content> content);

 private:
  std::shared_ptr<const Content> content_;
};

/// Reads a SEG of any kind: native, deflated, RLE or JPEG-LS pixels. UserError (path, one line) when it is damaged, is
/// no segmentation, refers to segments that it does not declare, or is encoded in another way.
SegmentationObject open_segmentation(const std::filesystem::path& path);

}  // namespace medvol::dicom
