#include "losses/segmentation/dice_cross_entropy.h"

#include "framework/core/error.h"

namespace medvol::losses {

torch::Tensor soft_dice(const torch::Tensor& probabilities, const torch::Tensor& target, const torch::Tensor& mask,
                        double smooth, bool include_background, bool batch_dice) {
  const torch::Tensor one_hot = torch::zeros_like(probabilities).scatter_(1, target.unsqueeze(1), 1.0);
  const torch::Tensor counted = mask.defined() ? mask.unsqueeze(1).to(probabilities.dtype()) : torch::Tensor();
  std::vector<int64_t> axes;
  for (int64_t axis = batch_dice ? 0 : 2; axis < probabilities.dim(); axis += axis == 0 ? 2 : 1) axes.push_back(axis);
  const auto sum = [&](const torch::Tensor& x) { return (counted.defined() ? x * counted : x).sum(axes); };
  const torch::Tensor intersection = sum(probabilities * one_hot);
  const torch::Tensor total = sum(probabilities) + sum(one_hot);
  torch::Tensor dice = (2 * intersection + smooth) / (total + smooth).clamp_min(1e-8);  // [K] or [N, K]
  if (!include_background) dice = dice.narrow(-1, 1, dice.size(-1) - 1);
  return dice.mean();
}

DiceCrossEntropy::DiceCrossEntropy(const DiceCrossEntropyOptions& options, const LossContext& context)
    : options_(options) {
  if (!options_.batch_dice) options_.batch_dice = context.batch_dice;
}

torch::Tensor DiceCrossEntropy::operator()(const torch::Tensor& logits, const torch::Tensor& target,
                                           const torch::Tensor& mask) const {
  MEDVOL_CHECK(logits.dim() == target.dim() + 1 && logits.size(0) == target.size(0), "logits and target do not fit");
  const torch::Tensor log_probabilities = torch::log_softmax(logits.to(torch::kFloat32), 1);
  torch::Tensor loss = torch::zeros({}, log_probabilities.options());
  if (options_.cross_entropy_weight > 0) {
    torch::Tensor entropy = -log_probabilities.gather(1, target.unsqueeze(1)).squeeze(1);
    if (options_.label_smoothing > 0)
      entropy = (1 - options_.label_smoothing) * entropy - options_.label_smoothing * log_probabilities.mean(1);
    const torch::Tensor mean = mask.defined() ? (entropy * mask).sum() / mask.sum().clamp_min(1) : entropy.mean();
    loss = loss + options_.cross_entropy_weight * mean;
  }
  if (options_.dice_weight > 0)
    loss = loss - options_.dice_weight * soft_dice(log_probabilities.exp(), target, mask, options_.smooth,
                                                   options_.include_background, *options_.batch_dice);
  return loss;
}

}  // namespace medvol::losses
