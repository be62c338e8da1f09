#include "datasets/augmentation/blur.h"

#include <algorithm>
#include <cmath>

#include "datasets/augmentation/lanes.h"

namespace medvol::datasets {
namespace {

constexpr int64_t most_taps = 64;

/// A Gaussian's taps; at most `most_taps`, so that nothing is allocated per sample.
struct Taps {
  float weights[most_taps];
  int64_t radius = 0;
  int64_t count() const { return 2 * radius + 1; }
};

int64_t tap_count(double sigma) {
  const double wanted = 6 * sigma + 0.5;
  const auto rounded = static_cast<int64_t>(std::nearbyint(wanted));
  if (rounded % 2 == 1) return rounded;
  return wanted >= double(rounded) ? rounded + 1 : rounded - 1;
}

Taps gaussian(double sigma) {
  Taps taps;
  if (sigma <= 0) {
    taps.weights[0] = 1;
    return taps;
  }
  taps.radius = std::min(tap_count(sigma), most_taps - 1) / 2;
  double sum = 0;
  for (int64_t k = -taps.radius; k <= taps.radius; ++k) sum += std::exp(-0.5 * double(k * k) / (sigma * sigma));
  for (int64_t k = -taps.radius; k <= taps.radius; ++k)
    taps.weights[k + taps.radius] = float(std::exp(-0.5 * double(k * k) / (sigma * sigma)) / sum);
  return taps;
}

/// out[x] = Σ weights[k] rows[k][x]
void weigh_rows(const float* const* rows, const Taps& taps, int64_t length, float* out) {
  int64_t x = 0;
  for (; x + lanes::width <= length; x += lanes::width) {
    lanes::Floats sum = lanes::load(rows[0] + x) * taps.weights[0];
    for (int64_t k = 1; k < taps.count(); ++k) sum += lanes::load(rows[k] + x) * taps.weights[k];
    lanes::store(out + x, sum);
  }
  for (; x < length; ++x) {
    float sum = rows[0][x] * taps.weights[0];
    for (int64_t k = 1; k < taps.count(); ++k) sum += rows[k][x] * taps.weights[k];
    out[x] = sum;
  }
}

/// Taps along x: the row stands in `padded` from `radius` on; its ends are filled in here.
void blur_row(float* padded, const Taps& taps, int64_t length, float* out) {
  float* row = padded + taps.radius;
  for (int64_t k = 1; k <= taps.radius; ++k) {
    row[-k] = row[reflected(-k, length)];
    row[length - 1 + k] = row[reflected(length - 1 + k, length)];
  }
  const float* shifted[most_taps];
  for (int64_t k = 0; k < taps.count(); ++k) shifted[k] = padded + k;
  weigh_rows(shifted, taps, length, out);
}

}  // namespace

int64_t reflected(int64_t index, int64_t size) {
  if (size == 1) return 0;
  while (index < 0 || index >= size) index = index < 0 ? -index : 2 * size - 2 - index;
  return index;
}

std::vector<float> gaussian_weights(double sigma) {
  const Taps taps = gaussian(sigma);
  return {taps.weights, taps.weights + taps.count()};
}

void blur(float* values, const Index3& size, const std::array<double, 3>& sigma, std::vector<float>& planes,
          std::vector<float>& row) {
  const auto [depth, height, width] = size;
  const Taps along_z = gaussian(sigma[0]), along_y = gaussian(sigma[1]), along_x = gaussian(sigma[2]);
  const int64_t plane = height * width;
  planes.resize(static_cast<size_t>(std::max<int64_t>(static_cast<int64_t>(planes.size()), depth * plane)));
  row.resize(std::max(row.size(), static_cast<size_t>(width + 2 * along_x.radius)));
  const float* rows[most_taps];
  for (int64_t z = 0; z < depth; ++z) {
    for (int64_t k = 0; k < along_z.count(); ++k) rows[k] = values + reflected(z + k - along_z.radius, depth) * plane;
    weigh_rows(rows, along_z, plane, planes.data() + z * plane);
  }
  for (int64_t z = 0; z < depth; ++z) {
    const float* slice = planes.data() + z * plane;
    for (int64_t y = 0; y < height; ++y) {
      for (int64_t k = 0; k < along_y.count(); ++k) rows[k] = slice + reflected(y + k - along_y.radius, height) * width;
      weigh_rows(rows, along_y, width, row.data() + along_x.radius);
      blur_row(row.data(), along_x, width, values + z * plane + y * width);
    }
  }
}

}  // namespace medvol::datasets
