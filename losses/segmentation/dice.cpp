#include "losses/segmentation/dice.h"

#include "losses/precision.h"

namespace medvol::losses {

torch::Tensor soft_dice(const torch::Tensor& prediction, const torch::Tensor& reference, const torch::Tensor& weight,
                        double smooth, const ClassSumsOptions& options) {
  const ClassSums sums = class_sums(prediction, reference, weight, options);
  return ((2 * sums.both + smooth) / (sums.prediction + sums.reference + smooth).clamp_min(1e-8)).mean();
}

torch::Tensor generalized_dice_loss(const torch::Tensor& prediction, const torch::Tensor& reference,
                                    const torch::Tensor& weight, double smooth, const ClassSumsOptions& options) {
  const ClassSums sums = class_sums(prediction, reference, weight, options);
  const torch::Tensor present = sums.reference > 0;
  const torch::Tensor inverse = torch::where(present, sums.reference, 1).square().reciprocal().masked_fill(~present, 0);
  const torch::Tensor class_weight = torch::where(present, inverse, inverse.amax(-1, true));
  const torch::Tensor both = 2 * (class_weight * sums.both).sum(-1) + smooth;
  const torch::Tensor total = (class_weight * (sums.prediction + sums.reference)).sum(-1) + smooth;
  return 1 - (both / total.clamp_min(1e-8)).mean();
}

Dice::Dice(const DiceOptions& options, const LossContext& context) : options_(options), batch_sum_(context.batch_sum) {
  if (!options_.batch_dice) options_.batch_dice = context.batch_dice;
}

torch::Tensor Dice::operator()(const torch::Tensor& logits, const torch::Tensor& target,
                               const torch::Tensor& weight) const {
  const torch::Tensor prediction = torch::softmax(at_least_float32(logits), 1);
  return 1 - soft_dice(prediction, one_hot(target, prediction), weight, options_.smooth,
                       {options_.include_background, *options_.batch_dice, options_.squared, batch_sum_});
}

GeneralizedDice::GeneralizedDice(const GeneralizedDiceOptions& options, const LossContext& context)
    : options_(options), batch_sum_(context.batch_sum) {
  if (!options_.batch_dice) options_.batch_dice = context.batch_dice;
}

torch::Tensor GeneralizedDice::operator()(const torch::Tensor& logits, const torch::Tensor& target,
                                          const torch::Tensor& weight) const {
  const torch::Tensor prediction = torch::softmax(at_least_float32(logits), 1);
  return generalized_dice_loss(
      prediction, one_hot(target, prediction), weight, options_.smooth,
      {.include_background = options_.include_background, .batch = *options_.batch_dice, .batch_sum = batch_sum_});
}

}  // namespace medvol::losses
