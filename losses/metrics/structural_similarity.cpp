#include "losses/metrics/structural_similarity.h"

#include <algorithm>
#include <numeric>

#include "framework/core/error.h"

namespace medvol::metrics {
namespace {

torch::Tensor gaussian(const SsimOptions& options, const torch::Tensor& like) {
  const torch::Tensor offset =
      torch::arange(options.window, torch::kFloat64) - static_cast<double>(options.window - 1) / 2;
  const torch::Tensor weight = torch::exp(-0.5 * (offset / options.sigma).square());
  return (weight / weight.sum()).to(like.options());
}

/// [block, block + window - 1]: row i has the window's weights from column i on.
torch::Tensor band_of(const torch::Tensor& weight, int64_t block) {
  const int64_t window = weight.numel();
  const torch::Tensor shift =
      torch::arange(block + window - 1).unsqueeze(0) - torch::arange(block).unsqueeze(1);  // of a column in its window
  const torch::Tensor place = shift.clamp(0, window - 1).to(weight.device());
  const torch::Tensor inside = shift.ge(0).logical_and(shift.lt(window)).to(weight.device());
  return weight.index_select(0, place.flatten()).view_as(place).masked_fill(inside.logical_not(), 0);
}

/// Weighted means of the windows along one axis, by products with a band matrix, a block of windows at a time. A
/// convolution would be slow in float64, and TF32 on a GPU, whose ten bits leave nothing of a variance.
torch::Tensor means_along(const torch::Tensor& x, int64_t axis, const torch::Tensor& weight) {
  const int64_t window = weight.numel(), count = x.size(axis) - window + 1, block = std::min<int64_t>(64, count);
  const int64_t blocks = (count + block - 1) / block;
  std::vector<int64_t> surplus = x.sizes().vec();
  surplus[static_cast<size_t>(axis)] = blocks * block - count;
  const torch::Tensor padded = torch::cat({x, x.new_zeros(surplus)}, axis);
  const torch::Tensor parts = padded.unfold(axis, block + window - 1, block);
  const torch::Tensor means = parts.matmul(band_of(weight, block).t());
  return means.movedim(-1, axis + 1).flatten(axis, axis + 1).narrow(axis, 0, count);
}

torch::Tensor window_means(torch::Tensor x, const torch::Tensor& weight) {
  for (int64_t axis = 2; axis < x.dim(); ++axis) x = means_along(x, axis, weight);
  return x;
}

void check(const torch::Tensor& x, const torch::Tensor& y, double data_range, const SsimOptions& options) {
  MEDVOL_CHECK(x.dim() >= 3 && x.sizes() == y.sizes() && x.scalar_type() == y.scalar_type(), "images do not fit");
  if (!(data_range > 0))
    throw core::UserError(fmt::format("a data range of {}", data_range), "SSIM",
                          "give the largest minus the smallest intensity that counts");
  if (options.window % 2 == 0)
    throw core::UserError(fmt::format("a window of {} voxels has no centre", options.window), "SSIM",
                          "give an odd number");
  const auto sizes = x.sizes().slice(2);
  const int64_t smallest = *std::min_element(sizes.begin(), sizes.end());
  if (smallest < options.window)
    throw core::UserError(
        fmt::format("an axis of {} voxels is shorter than the window of {}", smallest, options.window), "SSIM",
        "take a smaller window or a larger image");
}

}  // namespace

SsimMaps ssim_maps(const torch::Tensor& x, const torch::Tensor& y, double data_range, const SsimOptions& options) {
  check(x, y, data_range, options);
  // Variances are small differences of large numbers: half precision would leave nothing of them.
  const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
  const torch::Tensor means = window_means(torch::cat({x, y, x * x, y * y, x * y}), gaussian(options, x));
  const std::vector<torch::Tensor> parts = means.chunk(5);
  const torch::Tensor product = parts[0] * parts[1], squares = parts[0].square() + parts[1].square();
  const double c1 = (options.k1 * data_range) * (options.k1 * data_range);
  const double c2 = (options.k2 * data_range) * (options.k2 * data_range);
  const torch::Tensor contrast = (2 * (parts[4] - product) + c2) / (parts[2] + parts[3] - squares + c2);
  return {contrast * (2 * product + c1) / (squares + c1), contrast};
}

torch::Tensor window_centers(const torch::Tensor& image, int64_t window) {
  torch::Tensor centers = image;
  for (int64_t axis = 2; axis < image.dim(); ++axis)
    centers = centers.narrow(axis, window / 2, image.size(axis) - window + 1);
  return centers;
}

torch::Tensor half_resolution(const torch::Tensor& image) {
  MEDVOL_CHECK(image.dim() == 4 || image.dim() == 5, "an image of {} axes", image.dim() - 2);
  return image.dim() == 5 ? torch::avg_pool3d(image, 2) : torch::avg_pool2d(image, 2);
}

std::vector<double> ms_ssim_weights(int64_t smallest_axis, int64_t window) {
  const std::vector<double> published{0.0448, 0.2856, 0.3001, 0.2363, 0.1333};
  std::vector<double> weights;
  for (const double weight : published) {
    if (!weights.empty() && smallest_axis < window) break;
    weights.push_back(weight);
    smallest_axis /= 2;
  }
  if (weights.size() == published.size()) return weights;  // they sum to 1.0001, and so peers take them
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  for (double& weight : weights) weight /= sum;
  return weights;
}

}  // namespace medvol::metrics
