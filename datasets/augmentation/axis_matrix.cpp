#include "datasets/augmentation/axis_matrix.h"

#include <utility>

#include "datasets/augmentation/blur.h"
#include "datasets/augmentation/low_resolution.h"

namespace medvol::datasets {
namespace {

class Square {
 public:
  explicit Square(int64_t size) : size_(size), values_(static_cast<size_t>(size * size), 0.0f) {}
  float& at(int64_t row, int64_t column) { return values_[static_cast<size_t>(row * size_ + column)]; }
  std::vector<float> take() { return std::move(values_); }

 private:
  int64_t size_;
  std::vector<float> values_;
};

}  // namespace

std::vector<float> identity_matrix(int64_t size) {
  Square matrix(size);
  for (int64_t i = 0; i < size; ++i) matrix.at(i, i) = 1;
  return matrix.take();
}

std::vector<float> blur_matrix(double sigma, int64_t size) {
  Square matrix(size);
  const std::vector<float> taps = gaussian_weights(sigma);
  const auto count = static_cast<int64_t>(taps.size());
  for (int64_t i = 0; i < size; ++i)
    for (int64_t k = 0; k < count; ++k)
      matrix.at(i, reflected(i + k - count / 2, size)) += taps[static_cast<size_t>(k)];
  return matrix.take();
}

std::vector<float> low_resolution_matrix(double scale, int64_t size) {
  Square matrix(size);
  const int64_t coarse = coarse_length(size, scale);
  for (int64_t i = 0; i < size; ++i) {
    const LinearTap tap = linear_tap(i, size, coarse);
    matrix.at(i, nearest_exact(tap.low, size, coarse)) += 1 - tap.share;
    matrix.at(i, nearest_exact(tap.high, size, coarse)) += tap.share;
  }
  return matrix.take();
}

}  // namespace medvol::datasets
