#include "losses/segmentation/boundary.h"

#include <algorithm>

#include "losses/precision.h"
#include "losses/segmentation/dice.h"
#include "losses/segmentation/signed_distance.h"
#include "losses/weighted_mean.h"

namespace medvol::losses {
namespace {

torch::Tensor from_class(const torch::Tensor& x, bool include_background) {
  return include_background ? x : x.narrow(1, 1, x.size(1) - 1);
}

/// Voxels above one half; those of weight 0 belong to no class.
torch::Tensor object(const torch::Tensor& x, const torch::Tensor& weight) {
  const torch::Tensor inside = x.detach() > 0.5;
  return weight.defined() ? inside.logical_and((weight > 0).unsqueeze(1)) : inside;
}

}  // namespace

Boundary::Boundary(const BoundaryOptions& options, const LossContext& context)
    : options_(options), batch_dice_(context.batch_dice), batch_sum_(context.batch_sum) {}

torch::Tensor Boundary::operator()(const torch::Tensor& logits, const torch::Tensor& target,
                                   const torch::Tensor& weight) const {
  const torch::Tensor prediction = torch::softmax(at_least_float32(logits), 1);
  const torch::Tensor reference = one_hot(target, prediction);
  torch::Tensor loss = torch::zeros({}, prediction.options());
  if (options_.region_weight > 0)
    loss =
        loss + options_.region_weight *
                   generalized_dice_loss(prediction, reference, weight, 1e-5,
                                         {.include_background = true, .batch = batch_dice_, .batch_sum = batch_sum_});
  if (options_.boundary_weight > 0) {
    const torch::Tensor classes = object(from_class(reference, options_.include_background), weight);
    const auto smallest = std::min_element(options_.spacing.begin(), options_.spacing.end());
    const double step = smallest == options_.spacing.end() ? 1 : *smallest;
    const torch::Tensor distance = signed_distance(classes, options_.spacing, prediction);
    const torch::Tensor level = torch::where(distance < 0, distance + step, distance);
    const torch::Tensor term = (level * from_class(prediction, options_.include_background)).mean(1);
    loss = loss + options_.boundary_weight * weighted_mean(term, weight);
  }
  return loss;
}

Hausdorff::Hausdorff(const HausdorffOptions& options, const LossContext& context)
    : options_(options), batch_dice_(context.batch_dice), batch_sum_(context.batch_sum) {}

torch::Tensor Hausdorff::operator()(const torch::Tensor& logits, const torch::Tensor& target,
                                    const torch::Tensor& weight) const {
  const torch::Tensor prediction = torch::softmax(at_least_float32(logits), 1);
  const torch::Tensor reference = one_hot(target, prediction);
  const torch::Tensor p = from_class(prediction, options_.include_background);
  const torch::Tensor g = from_class(reference, options_.include_background);
  const auto distance = [&](const torch::Tensor& x) {
    return signed_distance(object(x, weight), options_.spacing, prediction).abs().pow(options_.alpha);
  };
  const torch::Tensor term = ((p - g).square() * (distance(p) + distance(g))).mean(1);
  const torch::Tensor far = options_.hausdorff_weight * weighted_mean(term, weight);
  if (options_.dice_weight && *options_.dice_weight == 0) return far;
  const torch::Tensor dice =
      1 - soft_dice(prediction, reference, weight, 1e-5,
                    {.include_background = options_.include_background, .batch = batch_dice_, .batch_sum = batch_sum_});
  if (options_.dice_weight) return far + *options_.dice_weight * dice;
  return far + (far / dice.clamp_min(1e-8)).detach() * dice;
}

}  // namespace medvol::losses
