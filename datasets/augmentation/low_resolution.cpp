#include "datasets/augmentation/low_resolution.h"

#include <algorithm>
#include <cmath>

namespace medvol::datasets {
namespace {

void reduce(const float* values, const Index3& size, const Index3& coarse_size, float* coarse, int32_t* columns) {
  for (int64_t x = 0; x < coarse_size[2]; ++x) columns[x] = int32_t(nearest_exact(x, size[2], coarse_size[2]));
  for (int64_t z = 0; z < coarse_size[0]; ++z)
    for (int64_t y = 0; y < coarse_size[1]; ++y) {
      const int64_t from_z = nearest_exact(z, size[0], coarse_size[0]),
                    from_y = nearest_exact(y, size[1], coarse_size[1]);
      const float* row = values + (from_z * size[1] + from_y) * size[2];
      for (int64_t x = 0; x < coarse_size[2]; ++x) *coarse++ = row[columns[x]];
    }
}

/// One coarse row at a fine (z, y).
void blend_rows(const float* coarse, const Index3& coarse_size, const LinearTap& z, const LinearTap& y, float* row) {
  const auto start = [&](int64_t a, int64_t b) { return coarse + (a * coarse_size[1] + b) * coarse_size[2]; };
  const float *a = start(z.low, y.low), *b = start(z.low, y.high), *c = start(z.high, y.low),
              *d = start(z.high, y.high);
  for (int64_t x = 0; x < coarse_size[2]; ++x) {
    const float low = a[x] + y.share * (b[x] - a[x]), high = c[x] + y.share * (d[x] - c[x]);
    row[x] = low + z.share * (high - low);
  }
}

}  // namespace

int64_t coarse_length(int64_t size, double scale) { return std::max<int64_t>(1, std::llrint(double(size) * scale)); }

int64_t nearest_exact(int64_t index, int64_t from, int64_t to) {
  const float ratio = float(from) / float(to);
  return std::min(static_cast<int64_t>(std::floor((float(index) + 0.5f) * ratio)), from - 1);
}

LinearTap linear_tap(int64_t index, int64_t fine, int64_t coarse) {
  const float position = std::max((float(index) + 0.5f) * (float(coarse) / float(fine)) - 0.5f, 0.0f);
  const auto low = static_cast<int64_t>(position);
  return {low, std::min(low + 1, coarse - 1), position - float(low)};
}

void simulate_low_resolution(float* values, const Index3& size, double scale, bool in_plane, std::vector<float>& coarse,
                             std::vector<float>& rows, std::vector<int32_t>& table) {
  Index3 coarse_size = size;
  for (size_t axis = in_plane ? 1 : 0; axis < 3; ++axis) coarse_size[axis] = coarse_length(size[axis], scale);
  const int64_t width = size[2];
  coarse.resize(std::max(coarse.size(), static_cast<size_t>(voxel_count(coarse_size))));
  rows.resize(std::max(rows.size(), static_cast<size_t>(coarse_size[2] + width)));
  table.resize(std::max(table.size(), static_cast<size_t>(2 * width)));
  reduce(values, size, coarse_size, coarse.data(), table.data());

  float *row = rows.data(), *share = rows.data() + coarse_size[2];
  int32_t *low = table.data(), *high = table.data() + width;
  for (int64_t x = 0; x < width; ++x) {
    const LinearTap tap = linear_tap(x, width, coarse_size[2]);
    low[x] = int32_t(tap.low), high[x] = int32_t(tap.high), share[x] = tap.share;
  }
  for (int64_t z = 0; z < size[0]; ++z)
    for (int64_t y = 0; y < size[1]; ++y) {
      blend_rows(coarse.data(), coarse_size, linear_tap(z, size[0], coarse_size[0]),
                 linear_tap(y, size[1], coarse_size[1]), row);
      float* out = values + (z * size[1] + y) * width;
      for (int64_t x = 0; x < width; ++x) out[x] = row[low[x]] + share[x] * (row[high[x]] - row[low[x]]);
    }
}

}  // namespace medvol::datasets
