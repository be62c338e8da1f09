#pragma once
#include <c10/util/Half.h>

#include <array>
#include <cstdint>
#include <variant>

namespace medvol::datasets {

/// Sizes and positions in voxels: z, y, x.
using Index3 = std::array<int64_t, 3>;

inline int64_t voxel_count(const Index3& size) { return size[0] * size[1] * size[2]; }

/// Where a sample's voxels come from: a box in an image that stays where it is (memory-mapped); nothing is copied.
/// The box may go past the image: what is outside is 0 and label 0.
struct SourcePatch {
  std::variant<const float*, const c10::Half*> image;  ///< the whole image [C, D, H, W], contiguous
  const uint8_t* labels = nullptr;                     ///< whole label maps [label_volumes, D, H, W], contiguous
  int64_t channels = 1;
  Index3 image_size{};        ///< D, H, W of the whole image
  Index3 begin{};             ///< first voxel of the box; may be negative
  Index3 size{};              ///< of the box
  int64_t label_volumes = 1;  ///< 2 in a cascade: the reference, and what the stage before predicted
};

}  // namespace medvol::datasets
