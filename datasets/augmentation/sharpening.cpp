#include "datasets/augmentation/sharpening.h"

#include <algorithm>

namespace medvol::datasets {

void sharpen(float* values, const Index3& size, double strength, std::vector<float>& before) {
  const auto [depth, height, width] = size;
  const int64_t plane = height * width;
  before.resize(std::max(before.size(), static_cast<size_t>(voxel_count(size))));
  std::copy(values, values + voxel_count(size), before.begin());
  const auto share = float(strength);
  const auto row_at = [&](int64_t z, int64_t y) {
    return before.data() + std::clamp<int64_t>(z, 0, depth - 1) * plane + std::clamp<int64_t>(y, 0, height - 1) * width;
  };
  for (int64_t z = 0; z < depth; ++z)
    for (int64_t y = 0; y < height; ++y) {
      const float *row = row_at(z, y), *above = row_at(z - 1, y), *below = row_at(z + 1, y), *north = row_at(z, y - 1),
                  *south = row_at(z, y + 1);
      float* out = values + z * plane + y * width;
      const auto sharpened = [&](int64_t x, float left, float right) {
        return row[x] + share * (6 * row[x] - above[x] - below[x] - north[x] - south[x] - left - right);
      };
      out[0] = sharpened(0, row[0], row[std::min<int64_t>(1, width - 1)]);
      for (int64_t x = 1; x < width - 1; ++x) out[x] = sharpened(x, row[x - 1], row[x + 1]);
      if (width > 1) out[width - 1] = sharpened(width - 1, row[width - 2], row[width - 1]);
    }
}

}  // namespace medvol::datasets
