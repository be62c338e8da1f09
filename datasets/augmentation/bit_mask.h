#pragma once
#include <cstdint>
#include <vector>

#include "datasets/augmentation/source_patch.h"

namespace medvol::datasets {

/// A mask of voxels, 64 of a row in a word: a ball of radius 8 over 128³ voxels costs milliseconds.
class BitMask {
 public:
  explicit BitMask(const Index3& size)
      : size_(size), words_((size[2] + 63) / 64), bits_(static_cast<size_t>(size[0] * size[1] * words_), 0) {}
  /// The voxels that have this label.
  BitMask(const uint8_t* labels, const Index3& size, uint8_t label);

  bool at(int64_t row, int64_t x) const { return word(row, x / 64) >> (x % 64) & 1; }

  /// Every voxel that has one of the mask within `radius`. Nothing lies outside the grid, in the mask or not in it.
  BitMask dilated(double radius) const;
  BitMask eroded(double radius) const { return complement().dilated(radius).complement(); }

 private:
  uint64_t word(int64_t row, int64_t i) const { return bits_[static_cast<size_t>(row * words_ + i)]; }
  uint64_t& word(int64_t row, int64_t i) { return bits_[static_cast<size_t>(row * words_ + i)]; }
  BitMask complement() const;
  /// Along x, by one voxel to both sides.
  BitMask widened() const;
  /// Clears what stands in the last word behind the row's end.
  void trim();

  Index3 size_;
  int64_t words_;  ///< a row
  std::vector<uint64_t> bits_;
};

}  // namespace medvol::datasets
