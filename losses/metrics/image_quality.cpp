#include "losses/metrics/image_quality.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "framework/core/error.h"

namespace medvol::metrics {
namespace {

constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

/// [1, 1, (D,) H, W] of float64 on the CPU.
struct Pair {
  torch::Tensor image, reference, mask;
};

Pair prepared(const torch::Tensor& image, const torch::Tensor& reference, const torch::Tensor& mask) {
  MEDVOL_CHECK(image.sizes() == reference.sizes(), "image and reference do not fit");
  MEDVOL_CHECK(image.dim() == 2 || image.dim() == 3, "an image of {} axes", image.dim());
  MEDVOL_CHECK(!mask.defined() || mask.sizes() == image.sizes(), "mask and image do not fit");
  const auto plain = [](const torch::Tensor& x) {
    return x.detach().to(torch::kCPU, torch::kFloat64).unsqueeze(0).unsqueeze(0);
  };
  return {plain(image), plain(reference), mask.defined() ? plain(mask) : mask};
}

struct Means {
  double similarity, contrast;
};

/// Means of the two maps over the mask, a slab of slices at a time: the maps of a large volume would fill the memory.
Means mean_maps(const Pair& pair, double data_range, const SsimOptions& options) {
  const int64_t slices = std::max<int64_t>(1, pair.image.size(2) - options.window + 1);
  const int64_t slice_voxels = std::max<int64_t>(1, pair.image.numel() / pair.image.size(2));
  const int64_t slab = std::max<int64_t>(1, (int64_t{1} << 21) / slice_voxels);
  double similarity = 0, contrast = 0, count = 0;
  for (int64_t first = 0; first < slices; first += slab) {
    const int64_t length = std::min(std::min(slab, slices - first) + options.window - 1, pair.image.size(2) - first);
    const auto part = [&](const torch::Tensor& x) { return x.narrow(2, first, length); };
    const SsimMaps maps = ssim_maps(part(pair.image), part(pair.reference), data_range, options);
    const torch::Tensor weight = pair.mask.defined()
                                     ? window_centers(part(pair.mask), options.window)
                                     : torch::ones({}, maps.contrast.options()).expand_as(maps.contrast);
    similarity += (maps.similarity * weight).sum().item<double>();
    contrast += (maps.contrast * weight).sum().item<double>();
    count += weight.sum().item<double>();
  }
  return count > 0 ? Means{similarity / count, contrast / count} : Means{undefined, undefined};
}

}  // namespace

double psnr(const torch::Tensor& image, const torch::Tensor& reference, double data_range, const torch::Tensor& mask) {
  if (!(data_range > 0))
    throw core::UserError(fmt::format("a data range of {}", data_range), "PSNR",
                          "give the largest minus the smallest intensity that counts");
  const Pair pair = prepared(image, reference, mask);
  const torch::Tensor squares = (pair.image - pair.reference).square();
  const double error =
      mask.defined() ? ((squares * pair.mask).sum() / pair.mask.sum()).item<double>() : squares.mean().item<double>();
  return 10 * std::log10(data_range * data_range / error);
}

double ssim(const torch::Tensor& image, const torch::Tensor& reference, double data_range, const torch::Tensor& mask,
            const SsimOptions& options) {
  return mean_maps(prepared(image, reference, mask), data_range, options).similarity;
}

double ms_ssim(const torch::Tensor& image, const torch::Tensor& reference, double data_range, const torch::Tensor& mask,
               const SsimOptions& options) {
  Pair pair = prepared(image, reference, mask);
  const auto sizes = pair.image.sizes().slice(2);
  const std::vector<double> weights = ms_ssim_weights(*std::min_element(sizes.begin(), sizes.end()), options.window);
  double product = 1;
  for (size_t scale = 0; scale < weights.size(); ++scale) {
    const bool coarsest = scale + 1 == weights.size();
    const Means means = mean_maps(pair, data_range, options);
    const double term = coarsest ? means.similarity : means.contrast;
    product *= std::isnan(term) ? term : std::pow(std::max(0.0, term), weights[scale]);
    if (coarsest) break;
    pair = {half_resolution(pair.image), half_resolution(pair.reference),
            pair.mask.defined() ? half_resolution(pair.mask) : pair.mask};
  }
  return product;
}

}  // namespace medvol::metrics
