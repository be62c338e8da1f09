#include "datasets/preprocessing/normalize.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "framework/core/error.h"

namespace medvol::datasets {
namespace {

constexpr double smallest_spread = 1e-8;

void zscore(std::span<float> voxels, const bool* mask) {
  const auto inside = [&](size_t i) { return !mask || mask[i]; };
  double sum = 0, squares = 0;
  int64_t count = 0;
  for (size_t i = 0; i < voxels.size(); ++i)
    if (inside(i)) sum += voxels[i], ++count;
  if (count == 0) return;
  const double mean = sum / double(count);
  for (size_t i = 0; i < voxels.size(); ++i)
    if (inside(i)) squares += (voxels[i] - mean) * (voxels[i] - mean);
  const double spread = std::max(std::sqrt(squares / double(count)), smallest_spread);
  for (size_t i = 0; i < voxels.size(); ++i)
    if (inside(i)) voxels[i] = static_cast<float>((voxels[i] - mean) / spread);
}

void rescale(std::span<float> voxels) {
  const auto [low, high] = std::minmax_element(voxels.begin(), voxels.end());
  const double least = *low, spread = std::max(double(*high) - least, smallest_spread);
  for (float& voxel : voxels) voxel = static_cast<float>((voxel - least) / spread);
}

}  // namespace

void normalize(at::Tensor& channel, plan::Normalization how, const plan::IntensityStatistics& statistics,
               const at::Tensor& mask) {
  MEDVOL_CHECK(channel.scalar_type() == at::kFloat && channel.is_contiguous(), "a channel is float32 and contiguous");
  const std::span<float> voxels(channel.data_ptr<float>(), static_cast<size_t>(channel.numel()));
  switch (how) {
    case plan::Normalization::none:
      return;
    case plan::Normalization::zscore:
      MEDVOL_CHECK(!mask.defined() || (mask.numel() == channel.numel() && mask.is_contiguous()),
                   "the mask is of another size");
      return zscore(voxels, mask.defined() ? mask.const_data_ptr<bool>() : nullptr);
    case plan::Normalization::rescale_to_0_1:
      return rescale(voxels);
    case plan::Normalization::rgb_to_0_1:
      for (float& voxel : voxels) {
        if (voxel < 0 || voxel > 255)
          throw core::UserError(fmt::format("the value {} is outside 0 to 255", voxel), "",
                                "a channel named rgb_to_0_1 holds bytes; rename it in dataset.json");
        voxel /= 255.0F;
      }
      return;
    case plan::Normalization::ct: {
      const double spread = std::max(statistics.standard_deviation, smallest_spread);
      for (float& voxel : voxels)
        voxel = static_cast<float>(
            (std::clamp(double(voxel), statistics.percentile_00_5, statistics.percentile_99_5) - statistics.mean) /
            spread);
      return;
    }
  }
}

}  // namespace medvol::datasets
