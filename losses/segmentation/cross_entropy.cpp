#include "losses/segmentation/cross_entropy.h"

#include "losses/precision.h"
#include "losses/segmentation/dice.h"
#include "losses/weighted_mean.h"

namespace medvol::losses {
namespace {

/// Weighted mean of the largest `share` of w · entropy. Nothing of it waits for the device.
torch::Tensor worst_mean(const torch::Tensor& entropy, const torch::Tensor& weight, double share) {
  const torch::Tensor values = entropy.flatten();
  const auto keep = [share](int64_t voxels) { return std::max<int64_t>(1, static_cast<int64_t>(share * voxels)); };
  if (!weight.defined()) return std::get<0>(values.topk(keep(values.numel()), 0, true, false)).mean();
  const torch::Tensor weights = weight.flatten().to(values.dtype());
  const auto [worst, index] = (values * weights).topk(keep(values.numel()), 0, true, true);
  const torch::Tensor kept = (share * (weights > 0).sum()).floor().clamp_min(1);
  const torch::Tensor within = (torch::arange(worst.numel(), kept.options()) < kept).to(values.dtype());
  return (worst * within).sum() / (weights.index_select(0, index) * within).sum().clamp_min(1e-8);
}

}  // namespace

torch::Tensor cross_entropy(const torch::Tensor& log_probabilities, const torch::Tensor& target,
                            double label_smoothing) {
  const torch::Tensor entropy = -log_probabilities.gather(1, target.unsqueeze(1)).squeeze(1);
  if (label_smoothing == 0) return entropy;
  return (1 - label_smoothing) * entropy - label_smoothing * log_probabilities.mean(1);
}

Focal::Focal(const FocalOptions& options, const LossContext&) : options_(options) {}

torch::Tensor Focal::operator()(const torch::Tensor& logits, const torch::Tensor& target,
                                const torch::Tensor& weight) const {
  const torch::Tensor entropy = cross_entropy(torch::log_softmax(at_least_float32(logits), 1), target);
  // 1 - p as -expm1(log p): exact where p is nearly one. The floor keeps the power's slope finite for gamma below 1.
  torch::Tensor loss = (-torch::expm1(-entropy)).clamp_min(1e-12).pow(options_.gamma) * entropy;
  if (options_.alpha) loss = loss * torch::where(target > 0, *options_.alpha, 1 - *options_.alpha).to(loss.dtype());
  return weighted_mean(loss, weight);
}

TopKCrossEntropy::TopKCrossEntropy(const TopKCrossEntropyOptions& options, const LossContext& context)
    : options_(options), batch_sum_(context.batch_sum) {
  if (!options_.batch_dice) options_.batch_dice = context.batch_dice;
}

torch::Tensor TopKCrossEntropy::operator()(const torch::Tensor& logits, const torch::Tensor& target,
                                           const torch::Tensor& weight) const {
  const torch::Tensor log_probabilities = torch::log_softmax(at_least_float32(logits), 1);
  const torch::Tensor loss = worst_mean(cross_entropy(log_probabilities, target), weight, options_.share);
  if (options_.dice_weight == 0) return loss;
  const torch::Tensor prediction = log_probabilities.exp();
  return loss + options_.dice_weight * (1 - soft_dice(prediction, one_hot(target, prediction), weight, options_.smooth,
                                                      {.batch = *options_.batch_dice, .batch_sum = batch_sum_}));
}

}  // namespace medvol::losses
