#include "losses/segmentation/dice_cross_entropy.h"

#include "framework/core/error.h"
#include "losses/precision.h"
#include "losses/segmentation/cross_entropy.h"
#include "losses/segmentation/dice.h"
#include "losses/weighted_mean.h"

namespace medvol::losses {

DiceCrossEntropy::DiceCrossEntropy(const DiceCrossEntropyOptions& options, const LossContext& context)
    : options_(options), batch_sum_(context.batch_sum) {
  if (!options_.batch_dice) options_.batch_dice = context.batch_dice;
}

torch::Tensor DiceCrossEntropy::operator()(const torch::Tensor& logits, const torch::Tensor& target,
                                           const torch::Tensor& weight) const {
  MEDVOL_CHECK(logits.dim() == target.dim() + 1 && logits.size(0) == target.size(0), "logits and target do not fit");
  const torch::Tensor log_probabilities = torch::log_softmax(at_least_float32(logits), 1);
  torch::Tensor loss = torch::zeros({}, log_probabilities.options());
  if (options_.cross_entropy_weight > 0)
    loss = loss + options_.cross_entropy_weight *
                      weighted_mean(cross_entropy(log_probabilities, target, options_.label_smoothing), weight);
  if (options_.dice_weight > 0) {
    const torch::Tensor prediction = log_probabilities.exp();
    loss = loss - options_.dice_weight * soft_dice(prediction, one_hot(target, prediction), weight, options_.smooth,
                                                   {.include_background = options_.include_background,
                                                    .batch = *options_.batch_dice,
                                                    .batch_sum = batch_sum_});
  }
  return loss;
}

}  // namespace medvol::losses
