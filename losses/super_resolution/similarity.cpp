#include "losses/super_resolution/similarity.h"

#include <algorithm>

#include "framework/core/error.h"
#include "losses/precision.h"
#include "losses/weighted_mean.h"

namespace medvol::losses {
namespace {

/// Mean over space of [N, C, …]: [N, C]; 1, as of equal images, for a sample of which nothing counts.
torch::Tensor spatial_mean(const torch::Tensor& map, const torch::Tensor& weight) {
  if (!weight.defined()) return map.flatten(2).mean(2);
  const torch::Tensor w = weight.to(map.dtype()).flatten(2);
  return ((map.flatten(2) * w).sum(2) + 1e-8) / (w.sum(2) + 1e-8);
}

/// max(0, x)^power, whose slope stays finite at and below 0.
torch::Tensor positive_power(const torch::Tensor& x, double power) {
  return torch::where(x > 0, x.clamp_min(1e-12).pow(power), torch::zeros_like(x));
}

}  // namespace

Ssim::Ssim(const metrics::SsimOptions& options, const ImageLossContext& context)
    : options_(options), data_range_(context.data_range) {}

torch::Tensor Ssim::operator()(const torch::Tensor& prediction, const torch::Tensor& target,
                               const torch::Tensor& weight) const {
  const metrics::SsimMaps maps =
      metrics::ssim_maps(at_least_float32(prediction), at_least_float32(target), data_range_, options_);
  return weighted_mean(1 - maps.similarity,
                       weight.defined() ? metrics::window_centers(weight, options_.window) : weight);
}

MsSsim::MsSsim(const metrics::SsimOptions& options, const ImageLossContext& context)
    : options_(options), data_range_(context.data_range) {}

torch::Tensor MsSsim::operator()(const torch::Tensor& prediction, const torch::Tensor& target,
                                 const torch::Tensor& weight) const {
  torch::Tensor x = at_least_float32(prediction), y = at_least_float32(target), w = weight;
  const auto sizes = x.sizes().slice(2);
  const std::vector<double> powers =
      metrics::ms_ssim_weights(*std::min_element(sizes.begin(), sizes.end()), options_.window);
  torch::Tensor product;
  for (size_t scale = 0; scale < powers.size(); ++scale) {
    const bool coarsest = scale + 1 == powers.size();
    const metrics::SsimMaps maps = metrics::ssim_maps(x, y, data_range_, options_);
    const torch::Tensor mean = spatial_mean(coarsest ? maps.similarity : maps.contrast,
                                            w.defined() ? metrics::window_centers(w, options_.window) : w);
    const torch::Tensor factor = positive_power(mean, powers[scale]);
    product = product.defined() ? product * factor : factor;
    if (coarsest) break;
    x = metrics::half_resolution(x);
    y = metrics::half_resolution(y);
    if (w.defined()) w = metrics::half_resolution(w);
  }
  return 1 - product.mean();
}

L1Ssim::L1Ssim(const L1SsimOptions& options, const ImageLossContext& context)
    : ssim_(options, context), l1_weight_(options.l1_weight / context.data_range), ssim_weight_(options.ssim_weight) {}

torch::Tensor L1Ssim::operator()(const torch::Tensor& prediction, const torch::Tensor& target,
                                 const torch::Tensor& weight) const {
  const torch::Tensor difference = (at_least_float32(prediction) - at_least_float32(target)).abs();
  return l1_weight_ * weighted_mean(difference, weight) + ssim_weight_ * ssim_(prediction, target, weight);
}

}  // namespace medvol::losses
