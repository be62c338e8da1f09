#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace medvol::dicom {

/// What of a DICOM file's header is needed to order its slice; nothing of the patient, and the UID never leaves the
/// room.
struct SliceHeader {
  std::filesystem::path path;
  std::string series_uid, description, modality;
  int64_t columns = 0, rows = 0, frames = 1;
  std::optional<std::array<double, 3>> position;     ///< ImagePositionPatient, mm LPS
  std::optional<std::array<double, 6>> orientation;  ///< ImageOrientationPatient: direction of a row, then of a column
  std::optional<std::array<double, 2>> spacing;      ///< PixelSpacing: between rows, then between columns, mm
  std::optional<double> thickness;                   ///< SliceThickness, mm: only for a series of one slice
};

/// Reads the header up to the pixels. Empty for a file that is not DICOM; UserError (path, one line) for one that is
/// and cannot be read.
std::optional<SliceHeader> read_slice_header(const std::filesystem::path& path);

/// The keyed hash under which a series leaves the room, 12 hex digits; empty for an empty UID.
std::string key_of_series(const std::string& uid);

}  // namespace medvol::dicom
