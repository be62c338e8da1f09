#include <algorithm>

#include "datasets/augmentation/affine_grid.h"
#include "datasets/augmentation/copy_row.h"
#include "datasets/augmentation/interpolation.h"
#include "datasets/augmentation/spatial.h"

namespace medvol::datasets {
namespace {

/// Where the patch is taken from: voxel p of the middle of the box is start + p, and p[order[axis]] = o[axis] for voxel
/// o of the patch, counted from the other end where mirror[axis].
struct Crop {
  Index3 start, patch_size;
  std::array<size_t, 3> order;
  std::array<bool, 3> mirror;

  Crop(const SourcePatch& source, const Index3& size, const AugmentationDraws& draws)
      : patch_size(size), order(draws.order), mirror(draws.mirror) {
    for (size_t axis = 0; axis < 3; ++axis) start[axis] = source.begin[axis] + source.size[axis] / 2 - size[axis] / 2;
  }
  /// Along the image's axis order[axis].
  int64_t at(size_t axis, int64_t index) const {
    return start[order[axis]] + (mirror[axis] ? patch_size[axis] - 1 - index : index);
  }
};

/// Rows of the patch are rows of the image.
template <class Stored, class Out, class Copy>
void crop_rows(const Stored* stored, const SourcePatch& source, const Crop& crop, Out* out, const Copy& copy) {
  const Region region = readable(source);
  const int64_t width = crop.patch_size[2];
  Index3 from{0, 0, crop.start[2]};
  for (int64_t z = 0; z < crop.patch_size[0]; ++z)
    for (int64_t y = 0; y < crop.patch_size[1]; ++y, out += width) {
      from[crop.order[0]] = crop.at(0, z);
      from[crop.order[1]] = crop.at(1, y);
      const bool inside =
          from[0] >= region.low[0] && from[0] < region.high[0] && from[1] >= region.low[1] && from[1] < region.high[1];
      if (!inside) {
        std::fill(out, out + width, Out(0));
        continue;
      }
      const Stored* row = stored + (from[0] * source.image_size[1] + from[1]) * source.image_size[2];
      copy_row(row, from[2], region.low[2], region.high[2], width, out, copy);
      if (crop.mirror[2]) std::reverse(out, out + width);
    }
}

/// Rows of the patch run across the image's rows: squares of voxels, so that both are touched in whole cache lines.
template <class Stored, class Out>
void crop_across(const Stored* stored, const SourcePatch& source, const Crop& crop, Out* out) {
  constexpr int64_t edge = 32;
  const Region region = readable(source);
  const Index3& size = crop.patch_size;
  const size_t along = crop.order[0] == 2 ? 0 : 1, third = 1 - along;  // the patch's axis that runs along the rows
  const Index3 stride{size[1] * size[2], size[2], 1};
  const auto voxel = [&](int64_t k, int64_t i, int64_t x) {
    Index3 from;
    from[crop.order[third]] = crop.at(third, k);
    from[crop.order[along]] = crop.at(along, i);
    from[crop.order[2]] = crop.at(2, x);
    for (size_t axis = 0; axis < 3; ++axis)
      if (from[axis] < region.low[axis] || from[axis] >= region.high[axis]) return Out(0);
    return Out(stored[(from[0] * source.image_size[1] + from[1]) * source.image_size[2] + from[2]]);
  };
  for (int64_t k = 0; k < size[third]; ++k)
    for (int64_t first = 0; first < size[along]; first += edge)
      for (int64_t column = 0; column < size[2]; column += edge)
        for (int64_t i = first; i < std::min(first + edge, size[along]); ++i)
          for (int64_t x = column; x < std::min(column + edge, size[2]); ++x)
            out[k * stride[third] + i * stride[along] + x] = voxel(k, i, x);
}

template <class Stored, class Out, class Copy>
void crop_volume(const Stored* stored, const SourcePatch& source, const Crop& crop, Out* out, const Copy& copy) {
  if (crop.order[2] == 2)
    crop_rows(stored, source, crop, out, copy);
  else
    crop_across(stored, source, crop, out);
}

}  // namespace

void crop(const SourcePatch& source, const Index3& patch_size, const AugmentationDraws& draws, float* image_out,
          uint8_t* labels_out) {
  const Crop how(source, patch_size, draws);
  std::visit(
      [&](const auto* image) {
        for (int64_t channel = 0; channel < source.channels; ++channel)
          crop_volume(image + channel * voxel_count(source.image_size), source, how,
                      image_out + channel * voxel_count(patch_size),
                      [](const auto* from, int64_t count, float* to) { lanes::read_row(from, count, to); });
      },
      source.image);
  for (int64_t map = 0; map < source.label_volumes; ++map)
    crop_volume(source.labels + map * voxel_count(source.image_size), source, how,
                labels_out + map * voxel_count(patch_size),
                [](const uint8_t* from, int64_t count, uint8_t* to) { std::copy(from, from + count, to); });
}

}  // namespace medvol::datasets
