#pragma once
#include <array>
#include <filesystem>
#include <string>
#include <vector>

namespace medvol::datasets {

/// One outline on one slice.
struct LidcContour {
  std::string image_uid;                       ///< imageSOP_UID of the slice
  double z = 0;                                ///< imageZposition, mm
  bool inclusion = true;                       ///< false: the outline of a hole
  std::vector<std::array<int64_t, 2>> points;  ///< column, row, from 0 at the top left
};

/// What one reader calls one nodule: outlines on several slices.
struct LidcNodule {
  std::vector<LidcContour> contours;
};

/// What LIDC-IDRI's XML of one CT holds: for each reader (up to four, nameless) the nodules of 3 mm and more. Smaller
/// ones are single points, as are nonNodules: they have no extent and are left out.
struct LidcReadings {
  std::string series_uid;
  std::vector<std::vector<LidcNodule>> readers;
};

/// Parses <LidcReadMessage> with its <readingSession>, <unblindedReadNodule>, <roi>, <edgeMap>: as they are read by
/// constantinpape/torch-em (torch_em/data/datasets/medical/lidc_idri.py). Throws core::UserError with file and line
/// when it is no XML or no such message, the series is not named, an inclusion is neither TRUE nor FALSE, or a
/// coordinate is no number.
LidcReadings read_lidc_xml(const std::filesystem::path& file);

/// SeriesInstanceUid of such a file; empty for any other XML (readings of radiographs, say).
std::string lidc_series(const std::filesystem::path& file);

}  // namespace medvol::datasets
