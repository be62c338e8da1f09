#pragma once
#include <array>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "framework/imaging/volume.h"

namespace medvol::datasets {

/// A finding given by centre and diameter.
struct Sphere {
  std::array<double, 3> centre{};  ///< mm, LPS
  double diameter = 0;             ///< mm
};

/// LUNA16's annotations.csv: seriesuid, coordX, coordY, coordZ, diameter_mm, a row a nodule. Throws core::UserError
/// with file and series when a number is none, or a diameter is not above 0.
std::map<std::string, std::vector<Sphere>> read_spheres(const std::filesystem::path& csv);

/// int32 [D, H, W] on `grid`: 1 where a voxel's centre lies inside a sphere; the nearest voxel of a sphere too small to
/// hold one. Throws core::UserError (without a path) when a centre lies outside the grid.
imaging::Volume draw_spheres(const std::vector<Sphere>& spheres, const imaging::Geometry& grid);

}  // namespace medvol::datasets
