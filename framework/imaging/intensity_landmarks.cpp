#include "framework/imaging/intensity_landmarks.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "framework/core/error.h"
#include "framework/core/percentile.h"

namespace medvol::imaging {
namespace {

constexpr double kPercentiles[] = {1, 10, 20, 30, 40, 50, 60, 70, 80, 90, 99};

}  // namespace

std::vector<double> intensity_landmarks(const at::Tensor& image, const at::Tensor& inside) {
  const at::Tensor values = std::get<0>(image.masked_select(inside).to(at::kDouble).sort());
  if (values.numel() == 0) throw core::UserError("no voxel is inside", "", "an empty image has no histogram");
  const double* first = values.const_data_ptr<double>();
  const std::vector<double> ascending(first, first + values.numel());
  std::vector<double> landmarks;
  for (const double percentile : kPercentiles) landmarks.push_back(core::sorted_percentile(ascending, percentile));
  return landmarks;
}

at::Tensor match_intensities(const at::Tensor& image, const std::vector<double>& from, const std::vector<double>& to) {
  MEDVOL_CHECK(from.size() == to.size() && !from.empty(), "{} landmarks onto {}", from.size(), to.size());
  std::vector<double> x, y;
  for (size_t i = 0; i < from.size(); ++i) {
    if (!x.empty() && from[i] <= x.back()) continue;
    x.push_back(from[i]);
    y.push_back(to[i]);
  }
  if (x.size() == 1) return image + (y[0] - x[0]);
  const at::Tensor result = image.contiguous().clone();
  float* values = result.data_ptr<float>();
  for (int64_t i = 0; i < result.numel(); ++i) {
    const auto above = std::upper_bound(x.begin() + 1, x.end() - 1, static_cast<double>(values[i]));
    const auto k = static_cast<size_t>(above - x.begin());
    values[i] = static_cast<float>(y[k - 1] + (values[i] - x[k - 1]) * (y[k] - y[k - 1]) / (x[k] - x[k - 1]));
  }
  return result;
}

}  // namespace medvol::imaging
