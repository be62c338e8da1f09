#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "datasets/catalogue/lidc_xml.h"
#include "framework/imaging/volume.h"

namespace medvol::datasets {

/// Where the slices of a series lie: their SOP Instance UIDs, and z of ImagePositionPatient, by index along the series.
struct LidcSlices {
  std::map<std::string, int64_t> by_uid;
  std::vector<double> z;
};

/// Of the DICOM files of one folder, placed on the grid that dicom::read_series makes of them.
LidcSlices lidc_slices(const std::filesystem::path& series, const imaging::Geometry& grid);

/// Nodules as int32 [D, H, W] on the series' grid: the voxels that at least `level` readers marked, numbered 1, 2, … by
/// nodule: marks that share a voxel, of whichever reader, are of one nodule (joined by union-find, in the order of the
/// file). A reader counts once in a voxel.
///
/// An outline is the first pixel OUTSIDE of the nodule (S. Armato in notmatthancock/pylidc, pull request 16; the
/// collection's own readme, quoted in issue 15): its inside is filled, without the outline itself; outlines of holes
/// likewise take away what they enclose. A slice is found by its UID, else by z to 0.001 mm (LIDC-IDRI-0017 has UIDs of
/// no slice). Throws core::UserError naming `file` for an outline of neither, or outside of the image.
imaging::Volume lidc_nodules(const LidcReadings& readings, int64_t level, const LidcSlices& slices,
                             const imaging::Geometry& grid, const std::filesystem::path& file);

}  // namespace medvol::datasets
