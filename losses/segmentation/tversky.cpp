#include "losses/segmentation/tversky.h"

#include "losses/precision.h"
#include "losses/segmentation/class_sums.h"

namespace medvol::losses {

Tversky::Tversky(const TverskyOptions& options, const LossContext& context)
    : options_(options), batch_sum_(context.batch_sum) {
  if (!options_.batch_dice) options_.batch_dice = context.batch_dice;
}

torch::Tensor Tversky::each(const torch::Tensor& logits, const torch::Tensor& target,
                            const torch::Tensor& weight) const {
  const torch::Tensor prediction = torch::softmax(at_least_float32(logits), 1);
  const ClassSums sums = class_sums(
      prediction, one_hot(target, prediction), weight,
      {.include_background = options_.include_background, .batch = *options_.batch_dice, .batch_sum = batch_sum_});
  const torch::Tensor missed = options_.false_positive_weight * (sums.prediction - sums.both) +
                               options_.false_negative_weight * (sums.reference - sums.both);
  return missed / (sums.both + missed + options_.smooth).clamp_min(1e-8);
}

torch::Tensor Tversky::operator()(const torch::Tensor& logits, const torch::Tensor& target,
                                  const torch::Tensor& weight) const {
  return each(logits, target, weight).mean();
}

FocalTversky::FocalTversky(const FocalTverskyOptions& options, const LossContext& context)
    : tversky_(options, context), gamma_(options.gamma) {}

torch::Tensor FocalTversky::operator()(const torch::Tensor& logits, const torch::Tensor& target,
                                       const torch::Tensor& weight) const {
  // The slope of a root is infinite at 0: a class that is met to seven digits pulls no more.
  return tversky_.each(logits, target, weight).clamp_min(1e-7).pow(1 / gamma_).mean();
}

}  // namespace medvol::losses
