#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "framework/imaging/volume.h"

namespace medvol::dicom {

/// One closed contour: points in the patient, mm LPS, the last joined to the first.
using Contour = std::vector<std::array<double, 3>>;

/// A region of interest (ROI) of a structure set.
struct Region {
  int64_t number = 0;  ///< ROINumber
  std::string name;    ///< ROIName; may be empty
  std::vector<Contour> contours;
  int64_t open_contours = 0;  ///< points and open lines, which enclose nothing and are left out
};

/// A DICOM structure set (RTSTRUCT, PS3.3 A.19).
class StructureSet {
 public:
  StructureSet(std::filesystem::path path, std::vector<Region> regions, std::string series_key);
  /// In the order of the file.
  const std::vector<Region>& regions() const { return regions_; }
  /// The number of the one region of this name. UserError listing the names when there is none, or several.
  int64_t number_of(const std::string& name) const;
  /// SeriesInfo::key of the series that was contoured; empty when the file does not say.
  const std::string& series_key() const { return series_key_; }

  /// uint8 [D, H, W] on `grid`, 1 where the centre of a voxel lies inside an odd number of the slice's contours, so
  /// that a contour inside another is a hole; of a centre on an edge, the half-open rule keeps those at the lower
  /// index. (rt-utils 1.2.7 rounds the points to pixels and counts the outline too: on its own example 1660 voxels for
  /// our 1443, all of which it has.) Contours lie in planes of voxels across any axis of the grid; each belongs to the
  /// nearest slice. Where two planes of contours fall to one slice, the nearer one counts, the first on a tie. Slices
  /// between contours stay empty. UserError (one line) when a contour lies more than half a slice outside the grid or
  /// is not in a plane of voxels (half a slice), when the region has no closed contour, and for a number that is not in
  /// regions().
  imaging::Volume mask(int64_t number, const imaging::Geometry& grid) const;

 private:
  std::filesystem::path path_;
  std::vector<Region> regions_;
  std::string series_key_;
};

/// UserError (path, one line) when the file is damaged or is no structure set.
StructureSet open_structure_set(const std::filesystem::path& path);

}  // namespace medvol::dicom
