#include <gtest/gtest.h>

#include "framework/core/error.h"
#include "losses/segmentation/boundary.h"
#include "losses/segmentation/centerline_dice.h"
#include "losses/segmentation/cross_entropy.h"
#include "losses/segmentation/dice.h"
#include "losses/segmentation/dice_binary_cross_entropy.h"
#include "losses/segmentation/lovasz.h"
#include "losses/segmentation/signed_distance.h"
#include "losses/segmentation/tversky.h"

namespace medvol::losses {
namespace {

/// Logits of two classes whose softmax is (1 - p, p); one sample.
torch::Tensor two_class_logits(const std::vector<double>& p) {
  const torch::Tensor foreground = torch::tensor(p, torch::kFloat64);
  return torch::stack({torch::log(1 - foreground), torch::log(foreground)}).unsqueeze(0);
}

torch::Tensor labels(const std::vector<int64_t>& values) { return torch::tensor(values, torch::kInt64).unsqueeze(0); }
torch::Tensor weights(const std::vector<double>& values) { return torch::tensor(values, torch::kFloat32).unsqueeze(0); }

TEST(GeneralizedDice, ClassesWeighByTheirInverseSquare) {
  const torch::Tensor logits = two_class_logits({0.8, 0.4, 0.1, 0.2});
  // Foreground: g 1, p 1.5, both 0.8, v 1. Background: g 3, p 2.5, both 0.6 + 0.9 + 0.8, v 1/9.
  const double both = 0.8 + 2.3 / 9, total = 2.5 + 5.5 / 9;
  const GeneralizedDice loss({.smooth = 0}, {});
  EXPECT_NEAR(loss(logits, labels({1, 0, 0, 0}), {}).item<double>(), 1 - 2 * both / total, 1e-12);
  // An absent class weighs as much as the heaviest present one: v = 1/16 for both.
  EXPECT_NEAR(loss(logits, labels({0, 0, 0, 0}), {}).item<double>(), 1 - 2 * 2.5 / (1.5 + 6.5), 1e-12);
}

TEST(Focal, FadesEasyVoxels) {
  const torch::Tensor logits = two_class_logits({0.9, 0.4}), target = labels({1, 0});
  const double easy = -0.1 * 0.1 * std::log(0.9), hard = -0.4 * 0.4 * std::log(0.6);
  EXPECT_NEAR(Focal({}, {})(logits, target, {}).item<double>(), (0.25 * easy + 0.75 * hard) / 2, 1e-12);
  EXPECT_NEAR(Focal({.alpha = std::nullopt}, {})(logits, target, weights({3, 1})).item<double>(), (3 * easy + hard) / 4,
              1e-12);
  const Focal cross({.gamma = 0, .alpha = std::nullopt}, {});
  EXPECT_NEAR(cross(logits, target, {}).item<double>(), -(std::log(0.9) + std::log(0.6)) / 2, 1e-12);
}

TEST(TopKCrossEntropy, IsTheMeanOfTheWorst) {
  const torch::Tensor logits = two_class_logits({0.9, 0.4, 0.7, 0.2, 0.5}), target = labels({1, 1, 1, 1, 1});
  const auto loss = [&](double share, const torch::Tensor& weight) {
    return TopKCrossEntropy({.share = share}, {})(logits, target, weight).item<double>();
  };
  EXPECT_NEAR(loss(0.4, {}), -(std::log(0.2) + std::log(0.4)) / 2, 1e-12);
  EXPECT_NEAR(loss(0.01, {}), -std::log(0.2), 1e-12);  // one at least
  // Four voxels count, half of them are two.
  EXPECT_NEAR(loss(0.5, weights({1, 1, 1, 0, 1})), -(std::log(0.4) + std::log(0.5)) / 2, 1e-12);
  // 0.4 counts twice: it comes first, and it takes two thirds of the mean.
  EXPECT_NEAR(loss(0.4, weights({1, 2, 1, 1, 1})), -(2 * std::log(0.4) + std::log(0.2)) / 3, 1e-12);
}

TEST(Tversky, PricesOfFalsePositivesAndNegatives) {
  const torch::Tensor logits = two_class_logits({0.8, 0.4, 0.1, 0.2}), target = labels({1, 0, 0, 0});
  const double index = 0.8 / (0.8 + 0.3 * 0.7 + 0.7 * 0.2);
  const TverskyOptions options{.smooth = 0};
  EXPECT_NEAR(Tversky(options, {})(logits, target, {}).item<double>(), 1 - index, 1e-12);
  FocalTverskyOptions focal;
  focal.smooth = 0;
  EXPECT_NEAR(FocalTversky(focal, {})(logits, target, {}).item<double>(), std::pow(1 - index, 0.75), 1e-12);
}

TEST(DiceBinaryCrossEntropy, RegionsOverlap) {
  const torch::Tensor p = torch::tensor({0.8, 0.6, 0.1, /**/ 0.3, 0.9, 0.2}, torch::kFloat64).view({1, 2, 3});
  const torch::Tensor logits = torch::log(p / (1 - p)), target = labels({1, 3, 0});
  const DiceBinaryCrossEntropyOptions options{.smooth = 0};
  const LossContext regions{.batch_dice = false, .regions = {{1, 3}, {3}}};
  // Truth of the first region: 1, 1, 0; of the second: 0, 1, 0.
  const double entropy =
      -(std::log(0.8) + std::log(0.6) + std::log(0.9) + std::log(0.7) + std::log(0.9) + std::log(0.8)) / 6;
  const double dice = (2 * 1.4 / (1.5 + 2) + 2 * 0.9 / (1.4 + 1)) / 2;
  EXPECT_NEAR(DiceBinaryCrossEntropy(options, regions)(logits, target, {}).item<double>(), entropy - dice, 1e-12);
  EXPECT_TRUE(DiceBinaryCrossEntropy(options, regions).takes_regions());
}

TEST(DiceBinaryCrossEntropy, WithoutRegionsEveryClassIsOne) {
  const torch::Tensor logits = torch::sin(torch::arange(18, torch::kFloat64)).view({1, 3, 6});
  const torch::Tensor target = labels({0, 1, 2, 2, 1, 0});
  const LossContext all{.batch_dice = false, .regions = {{0}, {1}, {2}}};
  EXPECT_EQ(DiceBinaryCrossEntropy({}, {})(logits, target, {}).item<double>(),
            DiceBinaryCrossEntropy({}, all)(logits, target, {}).item<double>());
}

TEST(SignedDistance, OfAHalfSpaceAndOfAPoint) {
  torch::Tensor object = torch::zeros({1, 2, 3, 4, 5}, torch::kBool);
  object.select(1, 0).slice(3, 3).fill_(true);  // x of 3 and more
  object.index_put_({0, 1, 1, 2, 0}, true);     // one voxel
  const torch::Tensor distance = signed_distance(object, {3, 2, 0.5}, torch::empty({}, torch::kFloat64));
  const torch::Tensor expected = torch::tensor({1.5, 1.0, 0.5, -0.5, -1.0}, torch::kFloat64);
  EXPECT_TRUE(torch::equal(distance[0][0], expected.expand({3, 4, 5})));
  EXPECT_EQ(distance[0][1][1][2][0].item<double>(), -0.5);
  EXPECT_NEAR(distance[0][1][0][1][2].item<double>(), std::sqrt(9 + 4 + 1), 1e-6);
  EXPECT_EQ(signed_distance(torch::ones({1, 1, 4, 4}, torch::kBool), {}, distance).abs().max().item<double>(), 0);
  EXPECT_THROW(signed_distance(object, {1, 1}, distance), core::UserError);
}

TEST(Boundary, IntegratesTheLevelSet) {
  // Object: x of 2 and more, of 5; φ = 2, 1, 0, -1, -2.
  const torch::Tensor target = labels({0, 0, 1, 1, 1}).unsqueeze(1);
  const torch::Tensor logits = two_class_logits({0.1, 0.2, 0.3, 0.4, 0.9}).unsqueeze(2);
  const Boundary loss({.region_weight = 0, .boundary_weight = 1}, {});
  EXPECT_NEAR(loss(logits, target, {}).item<double>(), (2 * 0.1 + 0.2 - 0.4 - 2 * 0.9) / 5, 1e-9);
  const Boundary both({.region_weight = 2, .boundary_weight = 3}, {});
  EXPECT_NEAR(
      both(logits, target, {}).item<double>(),
      2 * GeneralizedDice({}, {})(logits, target, {}).item<double>() + 3 * loss(logits, target, {}).item<double>(),
      1e-9);
}

TEST(Hausdorff, DiceIsBalancedUnlessItsWeightIsSet) {
  const torch::Tensor target = labels({0, 0, 1, 1, 1}).unsqueeze(1);
  const torch::Tensor logits = two_class_logits({0.1, 0.6, 0.7, 0.4, 0.9}).unsqueeze(2);
  // Distances of truth: 2, 1, 1, 2, 3; of the prediction (x = 1, 2, 4): 1, 1, 1, 1, 1.
  const double far = (0.01 * 5 + 0.36 * 2 + 0.09 * 2 + 0.36 * 5 + 0.01 * 10) / 5;
  const double dice = Dice({}, {})(logits, target, {}).item<double>();
  EXPECT_NEAR(Hausdorff({.dice_weight = 0}, {})(logits, target, {}).item<double>(), far, 1e-9);
  EXPECT_NEAR(Hausdorff({.dice_weight = 3}, {})(logits, target, {}).item<double>(), far + 3 * dice, 1e-9);
  EXPECT_NEAR(Hausdorff({}, {})(logits, target, {}).item<double>(), 2 * far, 1e-9);
}

TEST(CenterlineDice, TheSkeletonOfABarIsItsMiddleLine) {
  torch::Tensor bar = torch::zeros({1, 1, 9, 15});
  bar.slice(2, 3, 6).slice(3, 2, 13).fill_(1);  // three rows
  const torch::Tensor skeleton = soft_skeleton(bar, 3)[0][0];
  EXPECT_EQ(skeleton.sum().item<double>(), skeleton[4].sum().item<double>());
  EXPECT_EQ(skeleton[4].sum().item<double>(), 9);
  torch::Tensor tube = torch::zeros({1, 1, 9, 9, 15});
  tube.slice(2, 3, 6).slice(3, 3, 6).slice(4, 2, 13).fill_(1);
  const torch::Tensor line = soft_skeleton(tube, 3)[0][0];
  EXPECT_EQ(line[4][4].sum().item<double>(), 9);
}

TEST(Lovasz, IsTheJaccardLossAtHardPredictions) {
  // Truth 1 1 0 0 0, prediction 1 0 1 0 0: IoU 1/3 of the foreground, 2/4 of the background.
  const torch::Tensor logits = two_class_logits({1 - 1e-12, 1e-12, 1 - 1e-12, 1e-12, 1e-12});
  const torch::Tensor target = labels({1, 1, 0, 0, 0});
  EXPECT_NEAR(Lovasz({}, {})(logits, target, {}).item<double>(), (2.0 / 3 + 0.5) / 2, 1e-9);
  EXPECT_NEAR(Lovasz({.include_background = false}, {})(logits, target, {}).item<double>(), 2.0 / 3, 1e-9);
  // A voxel of weight 2 is two voxels: IoU of the foreground 2 / 4.
  EXPECT_NEAR(Lovasz({.include_background = false}, {})(logits, target, weights({2, 1, 1, 1, 1})).item<double>(), 0.5,
              1e-9);
}

TEST(Lovasz, ClosedFormOfSoftPredictions) {
  // Errors 0.7 (truth 1), 0.2 (truth 0), 0.1 (truth 1); Jaccard losses of the growing sets: 1/2, 2/3, 1.
  const torch::Tensor logits = two_class_logits({0.3, 0.2, 0.9});
  const Lovasz loss({.include_background = false}, {});
  EXPECT_NEAR(loss(logits, labels({1, 0, 1}), {}).item<double>(), 0.7 / 2 + 0.2 / 6 + 0.1 / 3, 1e-12);
  // One sample at a time is the mean; an absent class counts in none.
  const torch::Tensor twice = torch::cat({logits, logits}),
                      targets = torch::cat({labels({1, 0, 1}), labels({0, 0, 0})});
  EXPECT_NEAR(loss(twice, targets, {}).item<double>(), (0.7 / 2 + 0.2 / 6 + 0.1 / 3) / 2, 1e-12);
}

}  // namespace
}  // namespace medvol::losses
