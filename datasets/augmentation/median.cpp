#include "datasets/augmentation/median.h"

#include <algorithm>
#include <array>

namespace medvol::datasets {
namespace {

constexpr int64_t most_edge = 9;

/// Counts of levels, and of their upper bytes: enough to find the value of a rank in a few steps.
class RunningHistogram {
 public:
  RunningHistogram(std::vector<uint16_t>& fine, int64_t rank) : fine_(fine), rank_(rank) { fine_.assign(65536, 0); }

  void add(uint16_t level) {
    ++fine_[level];
    ++coarse_[level >> 8];
    before_ += (level >> 8) < bin_;
  }
  void remove(uint16_t level) {
    --fine_[level];
    --coarse_[level >> 8];
    before_ -= (level >> 8) < bin_;
  }
  /// The level of the rank.
  uint16_t find() {
    while (before_ > rank_) before_ -= coarse_[--bin_];
    while (before_ + coarse_[bin_] <= rank_) before_ += coarse_[bin_++];
    int64_t seen = before_;
    auto level = static_cast<uint32_t>(bin_ << 8);
    while ((seen += fine_[level]) <= rank_) ++level;
    return static_cast<uint16_t>(level);
  }

 private:
  std::vector<uint16_t>& fine_;
  std::array<int64_t, 257> coarse_{};
  int64_t rank_, before_ = 0;  ///< values in coarse bins before bin_
  int bin_ = 0;
};

}  // namespace

int64_t mirrored(int64_t index, int64_t size) {
  while (index < 0 || index >= size) index = index < 0 ? -1 - index : 2 * size - 1 - index;
  return index;
}

void median_filter(float* values, const Index3& size, int64_t edge, MedianScratch& scratch) {
  const int64_t count = voxel_count(size);
  edge = std::min(edge, most_edge);
  const auto [low, high] = std::minmax_element(values, values + count);
  const float minimum = *low, range = *high - *low;
  if (range <= 0 || edge <= 1) return;
  scratch.levels.resize(std::max(scratch.levels.size(), static_cast<size_t>(count)));
  for (int64_t i = 0; i < count; ++i)
    scratch.levels[static_cast<size_t>(i)] = static_cast<uint16_t>((values[i] - minimum) / range * 65535 + 0.5f);

  Index3 reach;
  for (size_t axis = 0; axis < 3; ++axis) reach[axis] = size[axis] == 1 ? 1 : edge;
  const int64_t width = size[2], back = reach[2] / 2;
  scratch.columns.resize(static_cast<size_t>(width + reach[2]));  // of x − back + i
  for (int64_t i = 0; i < width + reach[2]; ++i) scratch.columns[static_cast<size_t>(i)] = mirrored(i - back, width);
  RunningHistogram histogram(scratch.fine, voxel_count(reach) / 2);

  std::array<const uint16_t*, most_edge * most_edge> rows;
  for (int64_t z = 0; z < size[0]; ++z)
    for (int64_t y = 0; y < size[1]; ++y) {
      size_t used = 0;
      for (int64_t k = 0; k < reach[0]; ++k)
        for (int64_t j = 0; j < reach[1]; ++j)
          rows[used++] =
              scratch.levels.data() +
              (mirrored(z + k - reach[0] / 2, size[0]) * size[1] + mirrored(y + j - reach[1] / 2, size[1])) * width;
      const auto column = [&](int64_t i, auto&& change) {
        const int64_t x = scratch.columns[static_cast<size_t>(i)];
        for (size_t row = 0; row < used; ++row) change(rows[row][x]);
      };
      const auto add = [&](uint16_t level) { histogram.add(level); };
      const auto remove = [&](uint16_t level) { histogram.remove(level); };
      for (int64_t i = 0; i < reach[2]; ++i) column(i, add);
      float* out = values + (z * size[1] + y) * width;
      for (int64_t x = 0; x < width; ++x) {
        out[x] = minimum + float(histogram.find()) * (range / 65535);
        column(x, remove);
        if (x + 1 < width) column(x + reach[2], add);
      }
      for (int64_t i = 0; i + 1 < reach[2]; ++i) column(width + i, remove);
    }
}

}  // namespace medvol::datasets
