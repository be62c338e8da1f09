#pragma once
#include <array>
#include <cmath>
#include <cstdint>

#include "datasets/augmentation/affine_grid.h"
#include "datasets/augmentation/source_patch.h"

namespace medvol::datasets {

/// The eight neighbours of a point of the source, in image coordinates.
struct Neighbours {
  std::array<int64_t, 8> offset;  ///< flat, or -1 when it cannot be read
  std::array<float, 8> weight;
  std::array<bool, 8> padding;  ///< within the box but outside the image

  Neighbours(const SourcePatch& source, const Region& region, const std::array<double, 3>& point) {
    std::array<int64_t, 3> floor;
    std::array<float, 3> share;
    for (size_t axis = 0; axis < 3; ++axis) {
      floor[axis] = static_cast<int64_t>(std::floor(point[axis]));
      share[axis] = float(point[axis] - double(floor[axis]));
    }
    for (size_t corner = 0; corner < 8; ++corner) {
      const std::array<bool, 3> far{(corner & 4) != 0, (corner & 2) != 0, (corner & 1) != 0};
      bool can_be_read = true, in_box = true;
      std::array<int64_t, 3> at;
      weight[corner] = 1;
      for (size_t axis = 0; axis < 3; ++axis) {
        at[axis] = floor[axis] + far[axis];
        weight[corner] *= far[axis] ? share[axis] : 1 - share[axis];
        can_be_read &= at[axis] >= region.low[axis] && at[axis] < region.high[axis];
        in_box &= at[axis] >= source.begin[axis] && at[axis] < source.begin[axis] + source.size[axis];
      }
      offset[corner] = can_be_read ? (at[0] * source.image_size[1] + at[1]) * source.image_size[2] + at[2] : -1;
      padding[corner] = in_box && !can_be_read;
    }
  }
};

/// Adds up weights per label; the heaviest wins, the smaller of equals. Outside the image is label -1, and becomes 0.
class Vote {
 public:
  void add(int label, float weight) {
    for (int i = 0; i < count_; ++i)
      if (labels_[i] == label) {
        weights_[i] += weight;
        return;
      }
    labels_[count_] = label;
    weights_[count_++] = weight;
  }
  uint8_t winner() const {
    int best = 0;
    for (int i = 1; i < count_; ++i)
      if (weights_[i] > weights_[best] || (weights_[i] == weights_[best] && labels_[i] < labels_[best])) best = i;
    return count_ == 0 || labels_[best] < 0 ? 0 : static_cast<uint8_t>(labels_[best]);
  }

 private:
  int count_ = 0;
  int labels_[8];
  float weights_[8];
};

/// All channels and labels at one point, into voxel `x` of an output row whose volumes are `patch` voxels apart.
template <class Stored>
void sample_point(const Stored* image, const SourcePatch& source, const Neighbours& near, int64_t patch, int64_t x,
                  float* image_out, uint8_t* labels_out) {
  const int64_t volume = voxel_count(source.image_size);
  for (int64_t map = 0; map < source.label_volumes; ++map) {
    Vote vote;
    for (size_t corner = 0; corner < 8; ++corner) {
      if (near.padding[corner]) vote.add(-1, near.weight[corner]);
      if (near.offset[corner] >= 0) vote.add(source.labels[map * volume + near.offset[corner]], near.weight[corner]);
    }
    labels_out[map * patch + x] = vote.winner();
  }
  for (int64_t channel = 0; channel < source.channels; ++channel) {
    float sum = 0;
    for (size_t corner = 0; corner < 8; ++corner)
      if (near.offset[corner] >= 0) sum += near.weight[corner] * float(image[channel * volume + near.offset[corner]]);
    image_out[channel * patch + x] = sum;
  }
}

}  // namespace medvol::datasets
