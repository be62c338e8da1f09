#include "losses/segmentation/dice_cross_entropy.h"

#include <gtest/gtest.h>

#include "losses/segmentation/dice.h"
#include "losses/segmentation/register.h"

namespace medvol::losses {
namespace {

constexpr double half = 0.5;

double dice_of(const torch::Tensor& probabilities, const torch::Tensor& target, double smooth, bool include_background,
               bool batch) {
  return soft_dice(probabilities, one_hot(target, probabilities), {}, smooth, {include_background, batch})
      .item<double>();
}

/// Logits whose softmax is (1 - p, p) in every voxel.
torch::Tensor two_class_logits(const torch::Tensor& p) { return torch::stack({torch::log(1 - p), torch::log(p)}, 1); }

TEST(SoftDice, ClosedForm) {
  // p = 1/2 everywhere, 3 of 8 voxels foreground: Dice = 2 * 1.5 / (4 + 3).
  const torch::Tensor target = torch::tensor({1, 1, 1, 0, 0, 0, 0, 0}, torch::kInt64).view({1, 2, 4});
  const torch::Tensor probabilities = torch::full({1, 2, 2, 4}, half);
  EXPECT_NEAR(dice_of(probabilities, target, 0, false, false), 3.0 / 7, 1e-6);
  // With background: 2 * 2.5 / (4 + 5), and the mean of both.
  EXPECT_NEAR(dice_of(probabilities, target, 0, true, false), (3.0 / 7 + 5.0 / 9) / 2, 1e-6);
  // The smoothing term stands above and below.
  EXPECT_NEAR(dice_of(probabilities, target, 1, false, false), 4.0 / 8, 1e-6);
}

TEST(SoftDice, BatchDiceSumsBeforeTheRatio) {
  const torch::Tensor target = torch::tensor({1, 1, 0, 0, /**/ 0, 0, 0, 1}, torch::kInt64).view({2, 4});
  const torch::Tensor p = torch::tensor({0.9, 0.6, 0.2, 0.1, /**/ 0.3, 0.1, 0.1, 0.5});
  const torch::Tensor probabilities = torch::stack({1 - p, p}).view({2, 2, 4}).transpose(0, 1).contiguous();
  const double first = 2 * 1.5 / (1.8 + 2), second = 2 * 0.5 / (1.0 + 1);
  EXPECT_NEAR(dice_of(probabilities, target, 0, false, false), (first + second) / 2, 1e-6);
  EXPECT_NEAR(dice_of(probabilities, target, 0, false, true), 2 * 2.0 / (2.8 + 3), 1e-6);
}

TEST(DiceCrossEntropy, ClosedFormAndWeights) {
  const torch::Tensor target = torch::tensor({1, 0, 0, 0}, torch::kInt64).view({1, 4});
  const torch::Tensor logits = two_class_logits(torch::tensor({0.8, 0.4, 0.1, 0.2}).view({1, 4}));
  const double entropy = -(std::log(0.8) + std::log(0.6) + std::log(0.9) + std::log(0.8)) / 4;
  const double dice = 2 * 0.8 / (1.5 + 1);
  const auto loss = [&](double dice_weight, double ce_weight) {
    return DiceCrossEntropy({.dice_weight = dice_weight, .cross_entropy_weight = ce_weight, .smooth = 0}, {})(
               logits, target, {})
        .item<double>();
  };
  EXPECT_NEAR(loss(1, 1), entropy - dice, 1e-6);
  EXPECT_NEAR(loss(0, 2), 2 * entropy, 1e-6);
  EXPECT_NEAR(loss(3, 0), -3 * dice, 1e-6);
}

TEST(DiceCrossEntropy, AVoxelOfWeightZeroCountsNowhere) {
  torch::manual_seed(1);
  const torch::Tensor logits = torch::randn({2, 3, 4, 4}), target = torch::randint(0, 3, {2, 4, 4}, torch::kInt64);
  torch::Tensor mask = torch::ones({2, 4, 4});
  mask.index_put_({torch::indexing::Slice(), torch::indexing::Slice(2)}, 0);
  const DiceCrossEntropy loss({.label_smoothing = 0.1}, {.batch_dice = true});
  const double masked = loss(logits, target, mask).item<double>();
  EXPECT_NEAR(masked, loss(logits.narrow(2, 0, 2), target.narrow(1, 0, 2), {}).item<double>(), 1e-6);
}

TEST(DiceCrossEntropy, GradientEqualsFiniteDifferences) {
  torch::manual_seed(2);
  const torch::Tensor target = torch::randint(0, 3, {2, 3, 2}, torch::kInt64);
  for (const bool batch_dice : {false, true}) {
    const DiceCrossEntropy loss({.label_smoothing = 0.05}, {.batch_dice = batch_dice});
    torch::Tensor logits = torch::randn({2, 3, 3, 2}).requires_grad_();
    loss(logits, target, {}).backward();
    const torch::NoGradGuard no_grad;
    const double step = 1e-2;
    for (int64_t i = 0; i < logits.numel(); i += 5) {
      torch::Tensor up = logits.clone(), down = logits.clone();
      up.view(-1)[i] += step;
      down.view(-1)[i] -= step;
      const double slope = (loss(up, target, {}).item<double>() - loss(down, target, {}).item<double>()) / (2 * step);
      EXPECT_NEAR(logits.grad().view(-1)[i].item<double>(), slope, 2e-4);
    }
  }
}

TEST(DiceCrossEntropy, IsRegisteredAndTakesThePlansBatchDice) {
  LossRegistry registry("loss");
  register_segmentation(registry);
  const LossChoice choice(registry, "dice_ce");
  torch::manual_seed(3);
  const torch::Tensor logits = torch::randn({2, 2, 9}), target = torch::randint(0, 2, {2, 9}, torch::kInt64);
  const double summed = (*choice.build({.batch_dice = true}))(logits, target, {}).item<double>();
  EXPECT_NE(summed, (*choice.build({.batch_dice = false}))(logits, target, {}).item<double>());
  EXPECT_NEAR(summed, DiceCrossEntropy({.batch_dice = true}, {})(logits, target, {}).item<double>(), 0);
}

}  // namespace
}  // namespace medvol::losses
