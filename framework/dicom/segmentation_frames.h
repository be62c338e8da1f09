#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "framework/dicom/segmentation.h"
#include "framework/dicom/vector.h"

namespace medvol::dicom {

/// Where a frame lies, as far as its functional groups say.
struct SegmentationFrame {
  std::optional<int64_t> segment;  ///< none in a label map
  std::optional<Vector> position;  ///< centre of its first pixel, mm LPS
  std::optional<std::array<double, 6>> orientation;
  std::optional<std::array<double, 2>> spacing;  ///< between rows, then between columns, mm
};

/// What a SEG file holds.
struct SegmentationObject::Content {
  std::filesystem::path path;
  SegmentationKind kind = SegmentationKind::binary;
  std::vector<Segment> segments;
  std::string series_key;
  int64_t rows = 0, columns = 0;
  std::vector<SegmentationFrame> frames;
  std::vector<uint8_t> pixels;           ///< as in the file: bits of a binary one, else bytes or 16-bit words
  int64_t bytes_per_pixel = 1;           ///< of what is not binary
  int64_t largest_share = 1;             ///< MaximumFractionalValue
  std::optional<int64_t> padding_value;  ///< a label map's value of voxels that are in no segment

  bool declares(int64_t number) const;
  /// The stored value of pixel `index`, counted through all frames.
  int64_t value(int64_t index) const;
};

}  // namespace medvol::dicom
