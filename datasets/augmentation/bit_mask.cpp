#include "datasets/augmentation/bit_mask.h"

#include <cmath>

namespace medvol::datasets {

BitMask::BitMask(const uint8_t* labels, const Index3& size, uint8_t label) : BitMask(size) {
  for (int64_t row = 0; row < size[0] * size[1]; ++row)
    for (int64_t x = 0; x < size[2]; ++x, ++labels) word(row, x / 64) |= uint64_t(*labels == label) << (x % 64);
}

void BitMask::trim() {
  if (size_[2] % 64 == 0) return;
  const uint64_t inside = (uint64_t(1) << (size_[2] % 64)) - 1;
  for (int64_t row = 0; row < size_[0] * size_[1]; ++row) word(row, words_ - 1) &= inside;
}

BitMask BitMask::complement() const {
  BitMask result = *this;
  for (uint64_t& bits : result.bits_) bits = ~bits;
  result.trim();
  return result;
}

BitMask BitMask::widened() const {
  BitMask result(size_);
  for (int64_t row = 0; row < size_[0] * size_[1]; ++row)
    for (int64_t i = 0; i < words_; ++i) {
      const uint64_t here = word(row, i);
      const uint64_t before = i > 0 ? word(row, i - 1) >> 63 : 0;
      const uint64_t after = i + 1 < words_ ? word(row, i + 1) << 63 : 0;
      result.word(row, i) = here | here << 1 | here >> 1 | before | after;
    }
  result.trim();
  return result;
}

BitMask BitMask::dilated(double radius) const {
  const auto reach = static_cast<int64_t>(radius);
  // The ball is made of runs along x: widest[w] is the mask with runs of half-width w about each of its voxels.
  std::vector<BitMask> widest{*this};
  for (int64_t w = 1; w <= reach; ++w) widest.push_back(widest.back().widened());
  BitMask result(size_);
  for (int64_t dz = -reach; dz <= reach; ++dz)
    for (int64_t dy = -reach; dy <= reach; ++dy) {
      const double left = radius * radius - double(dz * dz + dy * dy);
      if (left < 0) continue;
      const BitMask& run = widest[static_cast<size_t>(std::sqrt(left))];
      for (int64_t z = std::max<int64_t>(0, -dz); z < std::min(size_[0], size_[0] - dz); ++z)
        for (int64_t y = std::max<int64_t>(0, -dy); y < std::min(size_[1], size_[1] - dy); ++y)
          for (int64_t i = 0; i < words_; ++i)
            result.word(z * size_[1] + y, i) |= run.word((z + dz) * size_[1] + y + dy, i);
    }
  return result;
}

}  // namespace medvol::datasets
