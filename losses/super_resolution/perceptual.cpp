#include "losses/super_resolution/perceptual.h"

#include <numeric>

#include "framework/core/error.h"
#include "losses/precision.h"
#include "losses/weighted_mean.h"

namespace medvol::losses {
namespace {

/// Weights of voxels at the resolution of a feature map.
torch::Tensor resized(const torch::Tensor& weight, const torch::Tensor& like) {
  if (!weight.defined()) return weight;
  const auto size = like.sizes().slice(2);
  return size.size() == 3 ? torch::adaptive_avg_pool3d(weight, size) : torch::adaptive_avg_pool2d(weight, size);
}

}  // namespace

Perceptual::Perceptual(const PerceptualOptions& options, const ImageLossContext& context)
    : options_(options), features_(context.features) {
  if (!features_)
    throw core::UserError("the perceptual loss has no network to take features from", "image_loss",
                          "name a trained network, or choose another image loss");
}

torch::Tensor Perceptual::operator()(const torch::Tensor& prediction, const torch::Tensor& target,
                                     const torch::Tensor& weight) const {
  const torch::Tensor x = at_least_float32(prediction), y = at_least_float32(target).detach();
  const std::vector<torch::Tensor> of_x = features_(x);
  std::vector<torch::Tensor> of_y;
  {
    const torch::NoGradGuard no_grad;
    of_y = features_(y);
  }
  MEDVOL_CHECK(!of_x.empty() && of_x.size() == of_y.size(), "{} and {} layers", of_x.size(), of_y.size());
  std::vector<double> shares = options_.layer_weights;
  if (shares.empty()) shares.assign(of_x.size(), 1);
  if (shares.size() != of_x.size())
    throw core::UserError(fmt::format("{} weights for {} feature layers", shares.size(), of_x.size()),
                          "image_loss.layer_weights", "give one weight for each layer, or none");
  const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  torch::Tensor total = options_.l1_weight * weighted_mean((x - y).abs(), weight);
  for (size_t i = 0; i < of_x.size(); ++i) {
    const torch::Tensor difference = at_least_float32(of_x[i]) - at_least_float32(of_y[i]);
    total = total +
            shares[i] / sum *
                weighted_mean(options_.squared ? difference.square() : difference.abs(), resized(weight, difference));
  }
  return total;
}

}  // namespace medvol::losses
