#include "losses/super_resolution/pixel.h"

#include "framework/core/error.h"
#include "losses/precision.h"
#include "losses/weighted_mean.h"

namespace medvol::losses {
namespace {

torch::Tensor difference(const torch::Tensor& prediction, const torch::Tensor& target) {
  MEDVOL_CHECK(prediction.sizes() == target.sizes(), "prediction and target do not fit");
  return at_least_float32(prediction) - at_least_float32(target);
}

}  // namespace

torch::Tensor L1::operator()(const torch::Tensor& prediction, const torch::Tensor& target,
                             const torch::Tensor& weight) const {
  return weighted_mean(difference(prediction, target).abs(), weight);
}

torch::Tensor L2::operator()(const torch::Tensor& prediction, const torch::Tensor& target,
                             const torch::Tensor& weight) const {
  return weighted_mean(difference(prediction, target).square(), weight);
}

Charbonnier::Charbonnier(const CharbonnierOptions& options, const ImageLossContext& context)
    : epsilon_(options.epsilon * context.data_range) {
  MEDVOL_CHECK(epsilon_ > 0, "data range {}", context.data_range);
}

torch::Tensor Charbonnier::operator()(const torch::Tensor& prediction, const torch::Tensor& target,
                                      const torch::Tensor& weight) const {
  const torch::Tensor squares = difference(prediction, target).square();
  return weighted_mean((squares + epsilon_ * epsilon_).sqrt() - epsilon_, weight);
}

}  // namespace medvol::losses
