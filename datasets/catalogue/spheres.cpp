#include "datasets/catalogue/spheres.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "framework/core/error.h"
#include "framework/dicom/grid_index.h"
#include "framework/storage/csv.h"

namespace medvol::datasets {
namespace {

double number(const std::string& text, const std::string& series, const std::string& file) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !std::isfinite(value))
    throw core::UserError("'" + text + "' of series " + series + " is no number", file);
  return value;
}

void draw(at::TensorAccessor<int32_t, 3> voxels, const Sphere& sphere, const imaging::Geometry& grid) {
  const std::array<double, 3> centre = dicom::GridIndex(grid).of(sphere.centre);
  std::array<int64_t, 3> first{}, last{}, nearest{};
  for (size_t axis = 0; axis < 3; ++axis) {
    nearest[axis] = std::llround(centre[axis]);
    if (nearest[axis] < 0 || nearest[axis] >= grid.size[axis])
      throw core::UserError(fmt::format("the nodule at ({:g}, {:g}, {:g}) mm lies outside the image", sphere.centre[0],
                                        sphere.centre[1], sphere.centre[2]),
                            "", "is the list of this image?");
    const double reach = sphere.diameter / 2 / grid.spacing[axis];
    first[axis] = std::max<int64_t>(0, static_cast<int64_t>(std::ceil(centre[axis] - reach)));
    last[axis] = std::min<int64_t>(grid.size[axis] - 1, static_cast<int64_t>(std::floor(centre[axis] + reach)));
  }
  voxels[nearest[2]][nearest[1]][nearest[0]] = 1;
  const double radius = sphere.diameter / 2;
  for (int64_t z = first[2]; z <= last[2]; ++z)
    for (int64_t y = first[1]; y <= last[1]; ++y)
      for (int64_t x = first[0]; x <= last[0]; ++x) {
        const double dx = (double(x) - centre[0]) * grid.spacing[0], dy = (double(y) - centre[1]) * grid.spacing[1],
                     dz = (double(z) - centre[2]) * grid.spacing[2];
        if (dx * dx + dy * dy + dz * dz <= radius * radius) voxels[z][y][x] = 1;
      }
}

}  // namespace

std::map<std::string, std::vector<Sphere>> read_spheres(const std::filesystem::path& file) {
  const storage::CsvTable csv = storage::read_csv(file);
  const std::string where = file.string();
  const size_t series = csv.column("seriesuid", where), diameter = csv.column("diameter_mm", where);
  const std::array<size_t, 3> centre{csv.column("coordX", where), csv.column("coordY", where),
                                     csv.column("coordZ", where)};
  std::map<std::string, std::vector<Sphere>> result;
  for (const auto& row : csv.rows) {
    Sphere one{{}, number(row[diameter], row[series], where)};
    if (one.diameter <= 0)
      throw core::UserError("the diameter " + row[diameter] + " of series " + row[series] + " is not above 0", where);
    for (size_t axis = 0; axis < 3; ++axis) one.centre[axis] = number(row[centre[axis]], row[series], where);
    result[row[series]].push_back(one);
  }
  return result;
}

imaging::Volume draw_spheres(const std::vector<Sphere>& spheres, const imaging::Geometry& grid) {
  const auto [depth, height, width] = grid.size_zyx();
  imaging::Volume volume{at::zeros({depth, height, width}, at::kInt), grid};
  for (const Sphere& one : spheres) draw(volume.data.accessor<int32_t, 3>(), one, grid);
  return volume;
}

}  // namespace medvol::datasets
