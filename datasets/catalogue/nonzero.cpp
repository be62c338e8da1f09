#include "datasets/catalogue/nonzero.h"

#include <torch/types.h>

#include <algorithm>
#include <vector>

#include "framework/core/error.h"

namespace medvol::datasets {
namespace {

std::vector<uint8_t> union_of_channels(const at::Tensor& image) {
  MEDVOL_CHECK(image.scalar_type() == at::kFloat && image.dim() == 4, "an image is float32 [C, D, H, W]");
  const at::Tensor values = image.contiguous();
  const int64_t voxels = values[0].numel();
  std::vector<uint8_t> mask(static_cast<size_t>(voxels), 0);
  for (int64_t channel = 0; channel < values.size(0); ++channel) {
    const float* from = values.const_data_ptr<float>() + channel * voxels;
    for (int64_t i = 0; i < voxels; ++i) mask[size_t(i)] |= from[i] != 0;
  }
  return mask;
}

}  // namespace

Box nonzero_box(const at::Tensor& image) {
  const std::vector<uint8_t> mask = union_of_channels(image);
  const std::array<int64_t, 3> shape{image.size(1), image.size(2), image.size(3)};
  std::array<int64_t, 3> low = shape, high{-1, -1, -1};
  size_t i = 0;
  for (int64_t z = 0; z < shape[0]; ++z)
    for (int64_t y = 0; y < shape[1]; ++y)
      for (int64_t x = 0; x < shape[2]; ++x, ++i) {
        if (!mask[i]) continue;
        const std::array<int64_t, 3> at{z, y, x};
        for (size_t axis = 0; axis < 3; ++axis) {
          low[axis] = std::min(low[axis], at[axis]);
          high[axis] = std::max(high[axis], at[axis]);
        }
      }
  if (high[0] < 0) return {{0, 0, 0}, shape};
  return {low, {high[0] - low[0] + 1, high[1] - low[1] + 1, high[2] - low[2] + 1}};
}

at::Tensor nonzero_mask(const at::Tensor& image) {
  const std::vector<uint8_t> mask = union_of_channels(image);
  const int64_t depth = image.size(1), height = image.size(2), width = image.size(3);
  // What a flood from the border reaches is outside; the rest is the mask with its holes filled.
  std::vector<uint8_t> outside(mask.size(), 0);
  std::vector<int64_t> front;
  const auto reach = [&](int64_t z, int64_t y, int64_t x) {
    if (z < 0 || y < 0 || x < 0 || z >= depth || y >= height || x >= width) return;
    const int64_t at = (z * height + y) * width + x;
    if (mask[size_t(at)] || outside[size_t(at)]) return;
    outside[size_t(at)] = 1;
    front.push_back(at);
  };
  for (int64_t z = 0; z < depth; ++z)
    for (int64_t y = 0; y < height; ++y) {
      const bool face = z == 0 || z == depth - 1 || y == 0 || y == height - 1;
      for (int64_t x = 0; x < width; x += face ? 1 : std::max<int64_t>(1, width - 1)) reach(z, y, x);
    }
  while (!front.empty()) {
    const int64_t at = front.back(), x = at % width, y = at / width % height, z = at / width / height;
    front.pop_back();
    reach(z - 1, y, x), reach(z + 1, y, x), reach(z, y - 1, x), reach(z, y + 1, x), reach(z, y, x - 1),
        reach(z, y, x + 1);
  }
  at::Tensor filled = at::empty({depth, height, width}, at::kBool);
  std::transform(outside.begin(), outside.end(), filled.data_ptr<bool>(), [](uint8_t reached) { return !reached; });
  return filled;
}

}  // namespace medvol::datasets
