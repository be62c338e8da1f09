#include "framework/dicom/segmentation.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "framework/core/error.h"
#include "framework/dicom/data_set.h"
#include "framework/dicom/grid_index.h"
#include "framework/dicom/segmentation_frames.h"

namespace medvol::dicom {
namespace {

using Content = SegmentationObject::Content;
using Index = std::array<int64_t, 3>;

/// A frame's pixels may lie this far from the centres of voxels, in voxels: rounded positions do, other grids do not.
constexpr double largest_offset = 0.1;
/// Positions that were rounded to 0.1 mm may lie farther beside thin voxels, in mm and in voxels.
constexpr double rounding_mm = 0.06, largest_rounding = 0.25;

/// The voxel of a frame's pixel (x, y) is first + x·along_row + y·along_column.
struct Placement {
  Index first, along_row, along_column;
};

/// The signed axis that a step of one pixel follows; none when it is no step of one voxel along an axis.
std::optional<Index> axis_step(const Vector& step, int64_t pixels) {
  Index whole{};
  int64_t moved = 0;
  for (int axis = 0; axis < 3; ++axis) {
    whole[axis] = std::llround(step[axis]);
    moved += std::abs(whole[axis]);
    // The deviation adds up along the frame.
    if (std::abs(step[axis] - static_cast<double>(whole[axis])) * static_cast<double>(pixels) > largest_offset) {
      return std::nullopt;
    }
  }
  return moved == 1 ? std::optional(whole) : std::nullopt;
}

Placement place(const SegmentationFrame& frame, const Content& content, const GridIndex& index,
                const imaging::Geometry& grid) {
  if (!frame.position || !frame.orientation || !frame.spacing) {
    throw core::UserError("its frames have no place in the patient", content.path.string(),
                          "segmentations of slides and radiographs lie on no volume");
  }
  const auto& o = *frame.orientation;
  const Vector row_step = index.of_step(times((*frame.spacing)[1], {o[0], o[1], o[2]}));
  const Vector column_step = index.of_step(times((*frame.spacing)[0], {o[3], o[4], o[5]}));
  const Vector first = index.of(*frame.position);
  const auto along_row = axis_step(row_step, content.columns - 1);
  const auto along_column = axis_step(column_step, content.rows - 1);
  Placement placement{};
  bool near = true;
  for (int axis = 0; axis < 3; ++axis) {
    // A place far outside the grid is as wrong as one between its voxels, and would not fit an index.
    constexpr double far = 1e9;
    placement.first[axis] = std::llround(std::clamp(first[axis], -far, far));
    const double allowed = std::clamp(rounding_mm / grid.spacing[axis], largest_offset, largest_rounding);
    near = near && std::abs(first[axis] - static_cast<double>(placement.first[axis])) <= allowed;
  }
  if (!along_row || !along_column || !near) {
    throw core::UserError("its frames do not lie on the voxels of the image", content.path.string(),
                          fmt::format("the image's grid is {}: give the series that was segmented", grid.text()));
  }
  placement.along_row = *along_row;
  placement.along_column = *along_column;
  return placement;
}

/// Whether a frame can hold the segment, and what values of its pixels mean it.
struct Meaning {
  const Content& content;
  int64_t number;
  double threshold;

  bool in_frame(const SegmentationFrame& frame) const {
    return content.kind == SegmentationKind::labelmap || frame.segment == number;
  }
  bool operator()(int64_t value) const {
    if (content.kind == SegmentationKind::labelmap) return value == number;
    if (content.kind == SegmentationKind::binary) return value != 0;
    return static_cast<double>(value) >= threshold * static_cast<double>(content.largest_share);
  }
};

void mark(const Content& content, int64_t frame, const Meaning& means, const Placement& placement,
          const imaging::Geometry& grid, uint8_t* voxels) {
  int64_t pixel = frame * content.rows * content.columns;
  for (int64_t y = 0; y < content.rows; ++y) {
    for (int64_t x = 0; x < content.columns; ++x, ++pixel) {
      if (!means(content.value(pixel))) continue;
      Index at{};
      for (int axis = 0; axis < 3; ++axis) {
        at[axis] = placement.first[axis] + x * placement.along_row[axis] + y * placement.along_column[axis];
        if (at[axis] < 0 || at[axis] >= grid.size[axis]) {
          throw core::UserError(fmt::format("segment {} reaches outside the image", means.number),
                                content.path.string(),
                                fmt::format("the image's grid is {}: give the series that was segmented", grid.text()));
        }
      }
      voxels[(at[2] * grid.size[1] + at[1]) * grid.size[0] + at[0]] = 1;
    }
  }
}

}  // namespace

SegmentationObject::SegmentationObject(std::shared_ptr<const Content> content) : content_(std::move(content)) {}

SegmentationKind SegmentationObject::kind() const { return content_->kind; }
const std::vector<Segment>& SegmentationObject::segments() const { return content_->segments; }
const std::string& SegmentationObject::series_key() const { return content_->series_key; }

int64_t SegmentationObject::number_of(const std::string& label) const {
  std::vector<std::pair<std::string, int64_t>> things;
  for (const Segment& segment : segments()) things.emplace_back(segment.label, segment.number);
  return number_of_name(things, label, "segments are labelled", content_->path);
}

imaging::Volume SegmentationObject::mask(int64_t number, const imaging::Geometry& grid, double threshold) const {
  const Content& content = *content_;
  MEDVOL_CHECK(threshold > 0 && threshold <= 1, "a share of {}", threshold);
  if (!content.declares(number)) {
    throw core::UserError(fmt::format("declares no segment {}", number), content.path.string());
  }
  const auto [depth, height, width] = grid.size_zyx();
  imaging::Volume result{at::zeros({depth, height, width}, at::kByte), grid};
  const GridIndex index(grid);
  const Meaning means{content, number, threshold};
  for (size_t i = 0; i < content.frames.size(); ++i) {
    if (!means.in_frame(content.frames[i])) continue;
    const Placement placement = place(content.frames[i], content, index, grid);
    mark(content, static_cast<int64_t>(i), means, placement, grid, result.data.data_ptr<uint8_t>());
  }
  return result;
}

imaging::Volume SegmentationObject::label_map(const imaging::Geometry& grid, double threshold) const {
  const auto [depth, height, width] = grid.size_zyx();
  imaging::Volume result{at::zeros({depth, height, width}, at::kInt), grid};
  for (const Segment& segment : segments()) {
    if (segment.number == 0) continue;
    const at::Tensor inside = mask(segment.number, grid, threshold).data.to(at::kBool);
    const at::Tensor taken = result.data.index({inside});
    if (taken.any().item<bool>()) {
      throw core::UserError(fmt::format("segments {} and {} overlap", taken.max().item<int32_t>(), segment.number),
                            content_->path.string(), "read the segments one by one, as regions");
    }
    result.data.masked_fill_(inside, segment.number);
  }
  return result;
}

}  // namespace medvol::dicom
