#include "datasets/augmentation/packed_patch.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>

#include "datasets/augmentation/affine_grid.h"
#include "datasets/augmentation/copy_row.h"

namespace medvol::datasets {
namespace {

/// What the map of the patch touches of the readable image; one voxel where that is nothing.
Region touched(const AugmentationSpecification& specification, const SourcePatch& source,
               const AugmentationDraws& draws) {
  const AffineGrid grid(source, specification.patch_size, draws);
  const Region inside = readable(source);
  // The spline stays within its control points.
  double farthest = 0;
  for (const float shift : draws.elastic.shifts) farthest = std::max(farthest, std::abs(double(shift)));
  Region region;
  for (size_t row = 0; row < 3; ++row) {
    double low = grid.origin[row], high = grid.origin[row];
    for (size_t column = 0; column < 3; ++column) {
      const double bent = std::abs(grid.matrix[row][column]) * farthest;
      low -= bent;
      high += bent;
      const double reach = grid.matrix[row][column] * double(specification.patch_size[column] - 1);
      (reach < 0 ? low : high) += reach;
    }
    // A voxel to spare on each side, for rounding.
    const auto limit = [&](double x) {
      return std::clamp(x, double(inside.low[row]), double(std::max(inside.low[row], inside.high[row])));
    };
    region.low[row] = static_cast<int64_t>(limit(std::floor(low) - 1));
    region.high[row] = static_cast<int64_t>(limit(std::floor(high) + 3));
    if (region.high[row] > region.low[row]) continue;
    region.low[row] = std::clamp<int64_t>(region.low[row], 0, source.image_size[row] - 1);
    region.high[row] = region.low[row] + 1;
  }
  return region;
}

/// What a plain crop takes.
Region middle(const AugmentationSpecification& specification, const SourcePatch& source,
              const AugmentationDraws& draws) {
  Region region;
  for (size_t axis = 0; axis < 3; ++axis) {
    const size_t to = draws.order[axis];
    region.low[to] = source.begin[to] + source.size[to] / 2 - specification.patch_size[to] / 2;
    region.high[to] = region.low[to] + specification.patch_size[axis];
  }
  return region;
}

/// Copies `region` of one volume; zeros where it lies outside what can be read.
template <class Value>
void copy_region(const Value* from, const SourcePatch& source, const Region& region, Value* to) {
  const Region inside = readable(source);
  const int64_t width = region.high[2] - region.low[2];
  for (int64_t z = region.low[0]; z < region.high[0]; ++z)
    for (int64_t y = region.low[1]; y < region.high[1]; ++y, to += width)
      if (z >= inside.low[0] && z < inside.high[0] && y >= inside.low[1] && y < inside.high[1])
        copy_row(from + (z * source.image_size[1] + y) * source.image_size[2], region.low[2], inside.low[2],
                 inside.high[2], width, to,
                 [](const Value* row, int64_t count, Value* out) { std::copy(row, row + count, out); });
      else
        std::fill(to, to + width, Value(0));
}

}  // namespace

PackedPatch pack(const AugmentationSpecification& specification, const SourcePatch& source,
                 const AugmentationDraws& draws, bool pinned) {
  const Region region =
      draws.interpolate ? touched(specification, source, draws) : middle(specification, source, draws);
  const Index3 size{region.high[0] - region.low[0], region.high[1] - region.low[1], region.high[2] - region.low[2]};
  PackedPatch packed{draws, {}, {}, source, region.low};
  const auto empty = [&](std::vector<int64_t> shape, at::ScalarType type) {
    return at::empty(shape, at::TensorOptions(type).pinned_memory(pinned));
  };
  packed.labels = empty({size[0], size[1], size[2]}, at::kByte);
  copy_region(source.labels, source, region, packed.labels.mutable_data_ptr<uint8_t>());
  std::visit(
      [&](const auto* image) {
        using Value = std::remove_cv_t<std::remove_pointer_t<decltype(image)>>;
        packed.image = empty({source.channels, size[0], size[1], size[2]}, c10::CppTypeToScalarType<Value>::value);
        auto* to = packed.image.mutable_data_ptr<Value>();
        for (int64_t channel = 0; channel < source.channels; ++channel)
          copy_region(image + channel * voxel_count(source.image_size), source, region,
                      to + channel * voxel_count(size));
      },
      source.image);
  return packed;
}

}  // namespace medvol::datasets
