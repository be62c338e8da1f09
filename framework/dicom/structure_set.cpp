#include "framework/dicom/structure_set.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "framework/core/error.h"
#include "framework/dicom/data_set.h"
#include "framework/dicom/grid_index.h"
#include "framework/dicom/slice_header.h"

namespace medvol::dicom {
namespace {

/// A contour counts as one of a plane when its points stray by less than this, in slices.
constexpr double largest_stray = 0.5;
/// Contours whose planes differ by less than this, in slices, lie in one plane.
constexpr double same_plane = 0.05;

/// A contour in voxels, and where its plane cuts the axis across it.
struct PlaneContour {
  std::vector<Vector> points;
  double height = 0;
};

/// The least and the greatest index of a contour's points along each axis.
struct Extent {
  Vector low, high;
};

Extent extent_of(const std::vector<Vector>& points) {
  constexpr double largest = std::numeric_limits<double>::max();
  Extent extent{{largest, largest, largest}, {-largest, -largest, -largest}};
  for (const Vector& point : points) {
    for (int axis = 0; axis < 3; ++axis) {
      extent.low[axis] = std::min(extent.low[axis], point[axis]);
      extent.high[axis] = std::max(extent.high[axis], point[axis]);
    }
  }
  return extent;
}

/// The axis of the grid that crosses the planes of all contours: along it no contour is thick.
int axis_across(const std::vector<PlaneContour>& contours) {
  Vector thickest{};
  for (const PlaneContour& contour : contours) {
    const Extent extent = extent_of(contour.points);
    for (int axis = 0; axis < 3; ++axis) {
      thickest[axis] = std::max(thickest[axis], extent.high[axis] - extent.low[axis]);
    }
  }
  return static_cast<int>(std::min_element(thickest.rbegin(), thickest.rend()).base() - thickest.begin()) - 1;
}

/// The contours of each slice: those of the plane nearest to it.
std::map<int64_t, std::vector<const PlaneContour*>> by_slice(const std::vector<PlaneContour>& contours) {
  std::map<int64_t, std::vector<const PlaneContour*>> slices;
  const auto distance = [](int64_t slice, double height) { return std::abs(height - static_cast<double>(slice)); };
  for (const PlaneContour& contour : contours) {
    const int64_t slice = std::llround(contour.height);
    std::vector<const PlaneContour*>& chosen = slices[slice];
    if (!chosen.empty() && std::abs(contour.height - chosen.front()->height) > same_plane) {
      if (distance(slice, contour.height) >= distance(slice, chosen.front()->height) - same_plane / 2) continue;
      chosen.clear();
    }
    chosen.push_back(&contour);
  }
  return slices;
}

/// One slice of the grid: its voxels along two axes.
struct SliceView {
  uint8_t* first;
  int64_t width, height;   ///< voxels
  int64_t step_x, step_y;  ///< in the volume
};

/// Marks where each line of voxel centres enters or leaves the contour; `flips` [height, width].
void add_crossings(const std::vector<Vector>& points, int axis_x, int axis_y, int64_t width, int64_t height,
                   std::vector<uint8_t>& flips) {
  for (size_t i = 0; i < points.size(); ++i) {
    Vector a = points[i], b = points[(i + 1) % points.size()];
    if (a[axis_y] > b[axis_y]) std::swap(a, b);  // the same edge crosses at the same place whichever way it runs
    const auto top = static_cast<int64_t>(std::ceil(std::clamp(a[axis_y], 0.0, static_cast<double>(height))));
    const auto end = static_cast<int64_t>(std::ceil(std::clamp(b[axis_y], 0.0, static_cast<double>(height))));
    for (int64_t y = top; y < end; ++y) {
      const double share = (static_cast<double>(y) - a[axis_y]) / (b[axis_y] - a[axis_y]);
      const double x = a[axis_x] + share * (b[axis_x] - a[axis_x]);
      if (x > static_cast<double>(width - 1)) continue;
      flips[static_cast<size_t>(y * width) + static_cast<size_t>(std::ceil(std::max(x, 0.0)))] ^= 1;
    }
  }
}

void fill_slice(const std::vector<const PlaneContour*>& contours, int axis_x, int axis_y, const SliceView& slice) {
  std::vector<uint8_t> flips(static_cast<size_t>(slice.width * slice.height), 0);
  for (const PlaneContour* contour : contours) {
    add_crossings(contour->points, axis_x, axis_y, slice.width, slice.height, flips);
  }
  for (int64_t y = 0; y < slice.height; ++y) {
    uint8_t inside = 0;
    for (int64_t x = 0; x < slice.width; ++x) {
      inside ^= flips[static_cast<size_t>(y * slice.width + x)];
      slice.first[x * slice.step_x + y * slice.step_y] = inside;
    }
  }
}

/// Closed contours enclose voxels; CLOSEDPLANAR_XOR says of several what StructureSet::mask does with all.
bool is_closed(const std::string& type) { return type == "CLOSED_PLANAR" || type == "CLOSEDPLANAR_XOR"; }

Contour points_of(DcmItem& item, const std::filesystem::path& path) {
  const std::vector<double> numbers = decimals_of(item, DCM_ContourData).value_or(std::vector<double>{});
  if (numbers.empty() || numbers.size() % 3 != 0) {
    throw core::UserError("a contour's points are not triples of numbers", path.string(), "the file is damaged");
  }
  Contour points(numbers.size() / 3);
  for (size_t i = 0; i < numbers.size(); ++i) points[i / 3][i % 3] = numbers[i];
  return points;
}

void read_contours(DcmDataset& data, std::vector<Region>& regions, const std::filesystem::path& path) {
  for (DcmItem* item : items_of(data, DCM_ROIContourSequence)) {
    const auto number = whole_number_of(*item, DCM_ReferencedROINumber);
    const auto region = std::find_if(regions.begin(), regions.end(),
                                     [&](const Region& one) { return number && one.number == *number; });
    if (region == regions.end()) {
      throw core::UserError("holds contours of a region that it does not declare", path.string(),
                            "the file is damaged");
    }
    for (DcmItem* contour : items_of(*item, DCM_ContourSequence)) {
      if (is_closed(text_of(*contour, DCM_ContourGeometricType))) {
        region->contours.push_back(points_of(*contour, path));
      } else {
        ++region->open_contours;
      }
    }
  }
}

std::string contoured_series(DcmDataset& data) {
  DcmItem* frame = first_item_of(&data, DCM_ReferencedFrameOfReferenceSequence);
  DcmItem* study = first_item_of(frame, DCM_RTReferencedStudySequence);
  DcmItem* series = first_item_of(study, DCM_RTReferencedSeriesSequence);
  return series == nullptr ? "" : key_of_series(text_of(*series, DCM_SeriesInstanceUID));
}

}  // namespace

StructureSet::StructureSet(std::filesystem::path path, std::vector<Region> regions, std::string series_key)
    : path_(std::move(path)), regions_(std::move(regions)), series_key_(std::move(series_key)) {}

int64_t StructureSet::number_of(const std::string& name) const {
  std::vector<std::pair<std::string, int64_t>> things;
  for (const Region& region : regions_) things.emplace_back(region.name, region.number);
  return number_of_name(things, name, "regions are named", path_);
}

imaging::Volume StructureSet::mask(int64_t number, const imaging::Geometry& grid) const {
  const auto region =
      std::find_if(regions_.begin(), regions_.end(), [&](const Region& one) { return one.number == number; });
  if (region == regions_.end()) throw core::UserError(fmt::format("declares no region {}", number), path_.string());
  const auto refuse = [&](const std::string& what) {
    throw core::UserError(fmt::format("region {} {}", number, what), path_.string(),
                          fmt::format("the image's grid is {}: give the series that was contoured", grid.text()));
  };
  if (region->contours.empty()) refuse("has no closed contour");
  const GridIndex index(grid);
  std::vector<PlaneContour> contours;
  for (const Contour& contour : region->contours) {
    PlaneContour& one = contours.emplace_back();
    for (const auto& point : contour) one.points.push_back(index.of(point));
  }
  const int across = axis_across(contours);
  for (PlaneContour& contour : contours) {
    const Extent extent = extent_of(contour.points);
    contour.height = (extent.low[across] + extent.high[across]) / 2;
    if (!(extent.high[across] - extent.low[across] < largest_stray)) refuse("has a contour that crosses slices");
    if (!(contour.height >= -0.5 && contour.height < static_cast<double>(grid.size[across]) - 0.5)) {
      refuse("has a contour outside the image");
    }
  }
  const auto [depth, height, width] = grid.size_zyx();
  imaging::Volume result{at::zeros({depth, height, width}, at::kByte), grid};
  const std::array<int64_t, 3> steps{1, width, width * height};
  const int x = across == 0 ? 1 : 0, y = across == 2 ? 1 : 2;
  for (const auto& [slice, chosen] : by_slice(contours)) {
    fill_slice(
        chosen, x, y,
        {result.data.data_ptr<uint8_t>() + slice * steps[across], grid.size[x], grid.size[y], steps[x], steps[y]});
  }
  return result;
}

StructureSet open_structure_set(const std::filesystem::path& path) {
  const std::unique_ptr<DcmFileFormat> file = read_data_set(path);
  DcmDataset& data = *file->getDataset();
  if (text_of(data, DCM_Modality) != "RTSTRUCT") {
    throw core::UserError("is no DICOM structure set", path.string(), "expected an object of modality RTSTRUCT");
  }
  std::vector<Region> regions;
  for (DcmItem* item : items_of(data, DCM_StructureSetROISequence)) {
    const auto number = whole_number_of(*item, DCM_ROINumber);
    if (!number || std::any_of(regions.begin(), regions.end(), [&](const Region& r) { return r.number == *number; })) {
      throw core::UserError("its regions have no numbers of their own", path.string(), "the file is damaged");
    }
    regions.push_back({*number, printable(text_of(*item, DCM_ROIName)), {}, 0});
  }
  read_contours(data, regions, path);
  return {path, std::move(regions), contoured_series(data)};
}

}  // namespace medvol::dicom
