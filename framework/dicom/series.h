#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "framework/imaging/volume.h"

namespace medvol::dicom {

/// One series of a folder, without anything that identifies a patient: the UID leaves only as a keyed hash.
struct SeriesInfo {
  std::string key;                    ///< keyed hash of the series UID, 12 hex digits: the name that is always unique
  std::string description;            ///< SeriesDescription, may be empty
  std::string modality;               ///< "CT", "MR", "SEG" ...
  bool is_image = true;               ///< false for SEG, RTSTRUCT, SR and others that read_series does not read
  int64_t slices = 0;                 ///< files of the series, a multi-frame file counted by its frames
  std::array<int64_t, 2> size{0, 0};  ///< columns, rows
  std::vector<std::filesystem::path> files;  ///< sorted by path
  /// "3f2a9c… CT 'Thorax 1.0' 512x512, 20 slices"
  std::string text() const;
};

/// Every series in the folder and its sub-folders, ordered by description and key; files that are not DICOM are passed
/// over. UserError (one line) for a damaged DICOM file and when there is none.
std::vector<SeriesInfo> list_series(const std::filesystem::path& folder);

/// The slices of one series, along the normal of their plane, and the grid that they form.
struct SeriesSlices {
  std::vector<std::filesystem::path> files;  ///< one a slice: files[z]
  imaging::Geometry geometry;
};

/// Finds and orders the slices of one series without reading a pixel. `name` and errors: as read_series.
SeriesSlices find_slices(const std::filesystem::path& folder, const std::optional<std::string>& name = std::nullopt);

/// Reads one series as float32 [1, D, H, W] in HU or whatever rescale slope and intercept give, slices ordered along
/// the normal of their plane; slice spacing is the measured distance of ImagePositionPatient, never SliceThickness.
/// `name`: key, description, or a unique beginning of either; needed when the folder holds several image series.
/// UserError listing the series when the name is missing or ambiguous; with the measured gaps (mm) and tilt (degrees)
/// for gantry tilt, missing or uneven slices; for slices that differ in size or orientation or share a position; for
/// multi-frame files.
imaging::Volume read_series(const std::filesystem::path& folder, const std::optional<std::string>& name = std::nullopt);

/// The same of slices that were found before.
imaging::Volume read_series(const SeriesSlices& slices);

/// True when the file begins like DICOM ("DICM" after 128 bytes).
bool is_dicom_file(const std::filesystem::path& path);

}  // namespace medvol::dicom
