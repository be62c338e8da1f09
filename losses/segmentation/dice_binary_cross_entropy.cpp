#include "losses/segmentation/dice_binary_cross_entropy.h"

#include "framework/core/error.h"
#include "losses/precision.h"
#include "losses/segmentation/dice.h"
#include "losses/weighted_mean.h"

namespace medvol::losses {

DiceBinaryCrossEntropy::DiceBinaryCrossEntropy(const DiceBinaryCrossEntropyOptions& options, const LossContext& context)
    : options_(options), regions_(context.regions), batch_sum_(context.batch_sum) {
  if (!options_.batch_dice) options_.batch_dice = context.batch_dice;
}

torch::Tensor DiceBinaryCrossEntropy::truth(const torch::Tensor& target, const torch::Tensor& like) const {
  if (regions_.empty()) return one_hot(target, like);
  MEDVOL_CHECK(static_cast<int64_t>(regions_.size()) == like.size(1), "{} regions for {} channels", regions_.size(),
               like.size(1));
  std::vector<torch::Tensor> channels;
  for (const auto& region : regions_) {
    torch::Tensor inside = target == region[0];
    for (size_t i = 1; i < region.size(); ++i) inside = inside.logical_or(target == region[i]);
    channels.push_back(inside);
  }
  return torch::stack(channels, 1).to(like.dtype());
}

torch::Tensor DiceBinaryCrossEntropy::operator()(const torch::Tensor& logits, const torch::Tensor& target,
                                                 const torch::Tensor& weight) const {
  const torch::Tensor x = at_least_float32(logits);
  const torch::Tensor reference = truth(target, x);
  torch::Tensor loss = torch::zeros({}, x.options());
  if (options_.cross_entropy_weight > 0) {
    const torch::Tensor entropy = torch::binary_cross_entropy_with_logits(x, reference, {}, {}, at::Reduction::None);
    loss = loss + options_.cross_entropy_weight * weighted_mean(entropy.mean(1), weight);
  }
  if (options_.dice_weight > 0)
    loss = loss - options_.dice_weight *
                      soft_dice(torch::sigmoid(x), reference, weight, options_.smooth,
                                {.include_background = true, .batch = *options_.batch_dice, .batch_sum = batch_sum_});
  return loss;
}

}  // namespace medvol::losses
