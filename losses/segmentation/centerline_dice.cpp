#include "losses/segmentation/centerline_dice.h"

#include "framework/core/error.h"
#include "losses/precision.h"
#include "losses/segmentation/dice.h"

namespace medvol::losses {
namespace {

torch::Tensor largest(const torch::Tensor& x, const std::vector<int64_t>& window) {
  std::vector<int64_t> padding;
  for (const int64_t size : window) padding.push_back(size / 2);
  const std::vector<int64_t> ones(window.size(), 1);
  return window.size() == 3 ? torch::max_pool3d(x, window, ones, padding) : torch::max_pool2d(x, window, ones, padding);
}

torch::Tensor erode(const torch::Tensor& x) {
  const auto axes = static_cast<size_t>(x.dim() - 2);
  torch::Tensor smallest;
  for (size_t axis = 0; axis < axes; ++axis) {
    std::vector<int64_t> window(axes, 1);
    window[axis] = 3;
    const torch::Tensor along = -largest(-x, window);
    smallest = smallest.defined() ? torch::minimum(smallest, along) : along;
  }
  return smallest;
}

/// What an opening of x would lose, where x is eroded once already.
torch::Tensor ridge(const torch::Tensor& x, const torch::Tensor& eroded) {
  return torch::relu(x - largest(eroded, std::vector<int64_t>(static_cast<size_t>(x.dim() - 2), 3)));
}

}  // namespace

torch::Tensor soft_skeleton(torch::Tensor x, int64_t iterations) {
  MEDVOL_CHECK(x.dim() == 4 || x.dim() == 5, "a skeleton of {} axes", x.dim() - 2);
  torch::Tensor eroded = erode(x);
  torch::Tensor skeleton = ridge(x, eroded);
  for (int64_t i = 0; i < iterations; ++i) {
    x = eroded;
    eroded = erode(x);
    const torch::Tensor more = ridge(x, eroded);
    skeleton = skeleton + torch::relu(more - skeleton * more);
  }
  return skeleton;
}

CenterlineDice::CenterlineDice(const CenterlineDiceOptions& options, const LossContext& context)
    : options_(options), batch_sum_(context.batch_sum) {
  if (!options_.batch_dice) options_.batch_dice = context.batch_dice;
}

torch::Tensor CenterlineDice::operator()(const torch::Tensor& logits, const torch::Tensor& target,
                                         const torch::Tensor& weight) const {
  torch::Tensor p = torch::softmax(at_least_float32(logits), 1);
  torch::Tensor g = one_hot(target, p);
  if (weight.defined()) {
    const torch::Tensor counted = counted_voxels(weight, p);
    p = p * counted;
    g = g * counted;
  }
  const ClassSumsOptions options{
      .include_background = options_.include_background, .batch = *options_.batch_dice, .batch_sum = batch_sum_};
  const auto share = [&](const torch::Tensor& of, const torch::Tensor& within) {
    const ClassSums sums = class_sums(of, within, weight, options);
    return (sums.both + options_.smooth) / (sums.prediction + options_.smooth).clamp_min(1e-8);
  };
  const torch::Tensor precision = share(soft_skeleton(p, options_.iterations), g);
  const torch::Tensor sensitivity = share(soft_skeleton(g, options_.iterations), p);
  const torch::Tensor centerline = 2 * precision * sensitivity / (precision + sensitivity).clamp_min(1e-8);
  return 1 - (1 - options_.alpha) * soft_dice(p, g, weight, options_.smooth, options) -
         options_.alpha * centerline.mean();
}

}  // namespace medvol::losses
