#include "datasets/catalogue/lidc_nodules.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "framework/core/error.h"
#include "framework/dicom/header_parser.h"
#include "framework/dicom/slice_header.h"

namespace medvol::datasets {
namespace {

namespace fs = std::filesystem;

constexpr dicom::Tag instance_uid = 0x00080018;

/// A nodule as one reader marked it: flat indices into [D, H, W], sorted.
struct Mark {
  size_t reader;
  std::vector<int64_t> voxels;
};

/// Whether the pixel lies inside the polygon: 1, on it: 0, outside: -1. Integers, so exact.
int side(int64_t x, int64_t y, const std::vector<std::array<int64_t, 2>>& polygon) {
  bool inside = false;
  for (size_t i = 0, j = polygon.size() - 1; i < polygon.size(); j = i++) {
    const auto [ax, ay] = polygon[j];
    const auto [bx, by] = polygon[i];
    const int64_t cross = (bx - ax) * (y - ay) - (by - ay) * (x - ax);
    if (cross == 0 && std::min(ax, bx) <= x && x <= std::max(ax, bx) && std::min(ay, by) <= y && y <= std::max(ay, by))
      return 0;
    if ((ay > y) != (by > y) && ((cross > 0) == (by > ay))) inside = !inside;
  }
  return inside ? 1 : -1;
}

class Drawing {
 public:
  Drawing(const LidcSlices& slices, const imaging::Geometry& grid, const fs::path& file)
      : slices_(slices), grid_(grid), file_(file) {}

  std::vector<int64_t> voxels(const LidcNodule& nodule) const {
    std::set<int64_t> filled;
    for (const bool inclusion : {true, false})
      for (const LidcContour& contour : nodule.contours)
        if (contour.inclusion == inclusion) fill(contour, filled);
    return {filled.begin(), filled.end()};
  }

 private:
  int64_t slice_of(const LidcContour& contour) const {
    if (const auto found = slices_.by_uid.find(contour.image_uid); found != slices_.by_uid.end()) return found->second;
    for (size_t i = 0; i < slices_.z.size(); ++i)
      if (std::abs(slices_.z[i] - contour.z) < 1e-3) return static_cast<int64_t>(i);
    throw core::UserError(fmt::format("an outline at z {:g} mm is on no slice of its series", contour.z),
                          file_.string(), "complete the series");
  }

  void fill(const LidcContour& contour, std::set<int64_t>& filled) const {
    const int64_t slice = slice_of(contour);
    const auto [depth, height, width] = grid_.size_zyx();
    auto low = contour.points.front(), high = low;
    for (const auto& point : contour.points)
      for (size_t axis = 0; axis < 2; ++axis) {
        low[axis] = std::min(low[axis], point[axis]);
        high[axis] = std::max(high[axis], point[axis]);
      }
    if (low[0] < 0 || low[1] < 0 || high[0] >= width || high[1] >= height)
      throw core::UserError("an outline leaves the image", file_.string(), "is the file of this series?");
    for (int64_t y = low[1]; y <= high[1]; ++y)
      for (int64_t x = low[0]; x <= high[0]; ++x) {
        if (side(x, y, contour.points) <= 0) continue;
        const int64_t voxel = (slice * height + y) * width + x;
        if (contour.inclusion)
          filled.insert(voxel);
        else
          filled.erase(voxel);
      }
  }

  const LidcSlices& slices_;
  const imaging::Geometry& grid_;
  const fs::path& file_;
};

std::vector<Mark> marks_of(const LidcReadings& readings, const Drawing& drawing) {
  std::vector<Mark> marks;
  for (size_t reader = 0; reader < readings.readers.size(); ++reader)
    for (const LidcNodule& nodule : readings.readers[reader])
      if (std::vector<int64_t> voxels = drawing.voxels(nodule); !voxels.empty())
        marks.push_back({reader, std::move(voxels)});
  return marks;
}

/// The nodule of each mark, 0, 1, …: union-find over marks that share a voxel.
std::vector<size_t> nodules_of(const std::vector<Mark>& marks) {
  std::vector<size_t> parent(marks.size());
  std::iota(parent.begin(), parent.end(), size_t(0));
  const auto root = [&](size_t one) {
    while (parent[one] != one) one = parent[one] = parent[parent[one]];
    return one;
  };
  std::map<int64_t, size_t> owner;
  for (size_t mark = 0; mark < marks.size(); ++mark)
    for (const int64_t voxel : marks[mark].voxels) {
      const size_t a = root(owner.emplace(voxel, mark).first->second), b = root(mark);
      parent[std::max(a, b)] = std::min(a, b);
    }
  std::map<size_t, size_t> number;
  std::vector<size_t> result;
  for (size_t mark = 0; mark < marks.size(); ++mark)
    result.push_back(number.emplace(root(mark), number.size()).first->second);
  return result;
}

}  // namespace

LidcSlices lidc_slices(const fs::path& series, const imaging::Geometry& grid) {
  LidcSlices slices;
  slices.z.assign(static_cast<size_t>(grid.size[2]), std::nan(""));
  for (const auto& entry : fs::directory_iterator(series)) {
    const auto header = dicom::read_slice_header(entry.path());
    if (!header || !header->position) continue;
    double along = 0;
    for (size_t k = 0; k < 3; ++k) along += ((*header->position)[k] - grid.origin[k]) * grid.direction[3 * k + 2];
    const int64_t slice = std::llround(along / grid.spacing[2]);
    if (slice < 0 || slice >= grid.size[2]) continue;
    slices.by_uid[dicom::parse_header(entry.path(), {instance_uid}).text(instance_uid)] = slice;
    slices.z[static_cast<size_t>(slice)] = (*header->position)[2];
  }
  return slices;
}

imaging::Volume lidc_nodules(const LidcReadings& readings, int64_t level, const LidcSlices& slices,
                             const imaging::Geometry& grid, const fs::path& file) {
  const std::vector<Mark> marks = marks_of(readings, Drawing(slices, grid, file));
  const std::vector<size_t> nodules = nodules_of(marks);
  std::map<int64_t, std::pair<std::set<size_t>, size_t>> readers;  // voxel → who marked it, which nodule
  for (size_t mark = 0; mark < marks.size(); ++mark)
    for (const int64_t voxel : marks[mark].voxels) {
      auto& [who, nodule] = readers[voxel];
      who.insert(marks[mark].reader);
      nodule = nodules[mark];
    }
  const auto [depth, height, width] = grid.size_zyx();
  imaging::Volume volume{at::zeros({depth, height, width}, at::kInt), grid};
  int32_t* voxels = volume.data.data_ptr<int32_t>();
  for (const auto& [voxel, marked] : readers)
    if (static_cast<int64_t>(marked.first.size()) >= level) voxels[voxel] = static_cast<int32_t>(marked.second) + 1;
  return volume;
}

}  // namespace medvol::datasets
