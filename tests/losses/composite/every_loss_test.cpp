#include <gtest/gtest.h>

#include <torch/csrc/autograd/autograd.h>

#include "framework/core/error.h"
#include "losses/composite/deep_supervision.h"
#include "losses/segmentation/boundary.h"
#include "losses/segmentation/register.h"

// What every registered segmentation loss must keep, by itself and inside the wrapper.
namespace medvol::losses {
namespace {

std::vector<std::string> registered() {
  LossRegistry registry("loss");
  register_segmentation(registry);
  return registry.names();
}

std::unique_ptr<Loss> build(const std::string& name, bool batch_dice = false) {
  LossRegistry registry("loss");
  register_segmentation(registry);
  return LossChoice(registry, name).build({.batch_dice = batch_dice});
}

/// Closed forms without ties: logits [2, 3, …], target [2, …] of blocks.
torch::Tensor logits_of(const std::vector<int64_t>& shape) {
  std::vector<int64_t> full = shape;
  full.insert(full.begin() + 1, 3);
  const torch::Tensor i = torch::arange(c10::multiply_integers(full), torch::kFloat64);
  return (3 * torch::sin(1.3 * i + 0.5) + 2 * torch::sin(0.05 * i)).view(full);
}

torch::Tensor target_of(const std::vector<int64_t>& shape) {
  const torch::Tensor i = torch::arange(c10::multiply_integers(shape));
  return (i.floor_divide(4) + i.floor_divide(9)).remainder(3).view(shape);
}

torch::Tensor gradient(const std::function<torch::Tensor(const torch::Tensor&)>& loss, const torch::Tensor& at) {
  const torch::Tensor x = at.clone().requires_grad_();
  return torch::autograd::grad({loss(x)}, {x})[0];
}

/// Central differences along every 7th element, where the function is smooth enough for both sides to agree.
void expect_gradient(const std::function<torch::Tensor(const torch::Tensor&)>& loss, const torch::Tensor& at) {
  const torch::Tensor slope = gradient(loss, at).flatten();
  EXPECT_GT(slope.abs().max().item<double>(), 1e-6);
  const double step = 1e-6;
  for (int64_t i = 0; i < slope.numel(); i += 7) {
    torch::Tensor up = at.clone(), down = at.clone();
    up.view(-1)[i] += step;
    down.view(-1)[i] -= step;
    EXPECT_NEAR(slope[i].item<double>(), (loss(up) - loss(down)).item<double>() / (2 * step), 1e-7) << "element " << i;
  }
}

class EveryLoss : public testing::TestWithParam<std::string> {};

TEST_P(EveryLoss, GradientEqualsFiniteDifferences) {
  for (const std::vector<int64_t>& shape : {std::vector<int64_t>{2, 5, 6}, {1, 4, 4, 5}})
    for (const bool weighted : {false, true}) {
      auto loss = build(GetParam(), weighted);
      // By default it balances its terms by a factor that carries no gradient.
      if (GetParam() == "hausdorff")
        loss = std::make_unique<Hausdorff>(HausdorffOptions{.dice_weight = 1}, LossContext{});
      const torch::Tensor target = target_of(shape);
      const torch::Tensor weight = weighted ? (1.2 + torch::sin(0.9 * target.flatten().cumsum(0))).view(shape) : target;
      const torch::Tensor used = weighted ? weight.to(torch::kFloat32) : torch::Tensor();
      expect_gradient([&](const torch::Tensor& x) { return (*loss)(x, target, used); }, logits_of(shape));
    }
}

TEST_P(EveryLoss, APerfectPredictionIsBetterThanAnyOther) {
  const std::vector<int64_t> shape{2, 6, 7};
  const torch::Tensor target = target_of(shape), other = logits_of(shape);
  const torch::Tensor perfect = 20 * (torch::zeros_like(other).scatter_(1, target.unsqueeze(1), 2.0) - 1);
  const auto loss = build(GetParam());
  const double best = (*loss)(perfect, target, {}).item<double>();
  EXPECT_LT(best, (*loss)(other, target, {}).item<double>() - 0.05);
  EXPECT_LT(best, (*loss)(-perfect, target, {}).item<double>() - 0.05);
}

TEST_P(EveryLoss, IsTheSameInTwoPrecisionsAndFiniteInHalfOnes) {
  const std::vector<int64_t> shape{1, 6, 7};
  const torch::Tensor target = target_of(shape), logits = logits_of(shape).mul(0.7);
  const auto loss = build(GetParam());
  const torch::Tensor single = (*loss)(logits.to(torch::kFloat32), target, {});
  EXPECT_EQ(single.scalar_type(), torch::kFloat32);
  EXPECT_NEAR(single.item<double>(), (*loss)(logits, target, {}).item<double>(), 1e-5);
  const torch::Tensor half = (*loss)(logits.to(torch::kBFloat16), target, {});
  EXPECT_EQ(half.scalar_type(), torch::kFloat32);
  EXPECT_TRUE(std::isfinite(half.item<double>()));
}

TEST_P(EveryLoss, AVoxelOfWeightZeroCountsNowhere) {
  const std::vector<int64_t> shape{2, 7, 8};
  torch::Tensor target = target_of(shape);
  const torch::Tensor logits = logits_of(shape);
  const torch::Tensor mask = torch::ones(shape, torch::kBool);
  mask.slice(2, 5).fill_(false);
  mask.slice(1, 0, 2).slice(2, 1, 3).fill_(false);
  const DeepSupervision with_mask(build(GetParam()), {{1, 1}}, std::nullopt);
  const auto of = [&](const torch::Tensor& x) { return with_mask({x}, target, mask); };
  const double value = of(logits).item<double>();
  // What is predicted there changes nothing, and no gradient arrives there.
  const torch::Tensor others = torch::where(mask.unsqueeze(1), logits, 5 - 2 * logits.flip(1));
  EXPECT_NEAR(of(others).item<double>(), value, 1e-12);
  const torch::Tensor slope = gradient(of, logits);
  EXPECT_TRUE(slope.isfinite().all().item<bool>());
  EXPECT_EQ(slope.masked_select(mask.logical_not().unsqueeze(1)).abs().max().item<double>(), 0);
  // The ignore label is a mask.
  const torch::Tensor ignoring = target.masked_fill(mask.logical_not(), 9);
  const DeepSupervision with_label(build(GetParam()), {{1, 1}}, 9);
  EXPECT_NEAR(with_label({logits}, ignoring).item<double>(), value, 1e-12);
  // So is both together.
  torch::Tensor half_ignored = target.clone();
  half_ignored.slice(2, 5).fill_(9);
  EXPECT_NEAR(with_label({logits}, half_ignored, mask).item<double>(), value, 1e-12);
}

TEST_P(EveryLoss, AClassOfWeightZeroIsIgnored) {
  const std::vector<int64_t> shape{2, 7, 8};
  const torch::Tensor target = target_of(shape), logits = logits_of(shape);
  const DeepSupervision weighted(build(GetParam()), {{1, 1}}, std::nullopt, {.class_weights = {1, 1, 0}});
  const DeepSupervision ignoring(build(GetParam()), {{1, 1}}, 2);
  EXPECT_NEAR(weighted({logits}, target).item<double>(), ignoring({logits}, target).item<double>(), 1e-12);
  const DeepSupervision ones(build(GetParam()), {{1, 1}}, std::nullopt, {.class_weights = {1, 1, 1}});
  const DeepSupervision plain(build(GetParam()), {{1, 1}}, std::nullopt);
  EXPECT_NEAR(ones({logits}, target).item<double>(), plain({logits}, target).item<double>(), 1e-12);
}

TEST_P(EveryLoss, NothingCountedIsFinite) {
  const std::vector<int64_t> shape{1, 5, 6};
  const DeepSupervision loss(build(GetParam()), {{1, 1}}, 9);
  const torch::Tensor target = torch::full(shape, 9, torch::kInt64);
  const torch::Tensor slope = gradient([&](const torch::Tensor& x) { return loss({x}, target); }, logits_of(shape));
  EXPECT_EQ(slope.abs().max().item<double>(), 0);
}

TEST_P(EveryLoss, HeadsAreComparedAtTheirResolution) {
  const std::vector<int64_t> shape{2, 8, 8};
  const torch::Tensor target = target_of(shape), fine = logits_of(shape), coarse = logits_of({2, 4, 8});
  const DeepSupervision loss(build(GetParam()), {{1, 1}, {2, 1}, {4, 1}}, std::nullopt);
  const auto plain = build(GetParam());
  const torch::Tensor half = target.slice(1, 1, c10::nullopt, 2);
  const double expected = (2 * (*plain)(fine, target, {}) + (*plain)(coarse, half, {})).item<double>() / 3;
  EXPECT_NEAR(loss({fine, coarse, logits_of({2, 2, 8})}, target).item<double>(), expected, 1e-12);
}

INSTANTIATE_TEST_SUITE_P(Registered, EveryLoss, testing::ValuesIn(registered()),
                         [](const auto& entry) { return entry.param; });

TEST(EveryLossByName, EachIsRegistered) {
  EXPECT_EQ(registered(),
            (std::vector<std::string>{"dice_ce", "dice_bce", "dice", "generalized_dice", "focal", "topk_ce", "tversky",
                                      "focal_tversky", "boundary", "hausdorff", "cldice", "lovasz"}));
}

}  // namespace
}  // namespace medvol::losses
