#include "losses/adversarial/penalties.h"

#include <gtest/gtest.h>

#include <torch/csrc/autograd/autograd.h>

namespace medvol::losses {
namespace {

torch::Generator generator() { return at::make_generator<at::CPUGeneratorImpl>(7); }

TEST(GradientPenalty, OfALinearCriticIsKnown) {
  // The gradient is the weight, of norm 5, wherever it is taken.
  const torch::Tensor weight = torch::tensor({3.0, 4.0}, torch::kFloat64).requires_grad_();
  const auto critic = [&](const torch::Tensor& x) { return torch::mv(x, weight); };
  const torch::Tensor real = torch::randn({6, 2}, torch::kFloat64), fake = torch::randn({6, 2}, torch::kFloat64);
  const torch::Tensor penalty = gradient_penalty(critic, real, fake, generator());
  EXPECT_NEAR(penalty.item<double>(), 16, 1e-9);
  // d/dw (‖w‖ - 1)² = 2 (‖w‖ - 1) w / ‖w‖
  penalty.backward();
  EXPECT_NEAR(weight.grad()[0].item<double>(), 2 * 4 * 3.0 / 5, 1e-9);
  EXPECT_NEAR(weight.grad()[1].item<double>(), 2 * 4 * 4.0 / 5, 1e-9);
}

TEST(GradientPenalty, IsTakenBetweenTheImagesAtPlacesOfTheGenerator) {
  torch::Tensor seen;
  const auto critic = [&](const torch::Tensor& x) {
    seen = x.detach();
    return x.square().flatten(1).sum(1);
  };
  const torch::Tensor real = torch::zeros({64, 1, 2, 2}), fake = torch::ones({64, 1, 2, 2});
  const double first = gradient_penalty(critic, real, fake, generator()).item<double>();
  EXPECT_TRUE(torch::equal(seen.amax({1, 2, 3}), seen.amin({1, 2, 3})));  // one place a sample
  EXPECT_LT(seen.min().item<double>(), 0.1);
  EXPECT_GT(seen.max().item<double>(), 0.9);
  // The gradient at x is 2x, of norm 4x for four equal voxels.
  EXPECT_NEAR(first, (4 * seen.select(1, 0).select(1, 0).select(1, 0) - 1).square().mean().item<double>(), 1e-5);
  EXPECT_EQ(gradient_penalty(critic, real, fake, generator()).item<double>(), first);
}

TEST(GradientPenalty, AFlatCriticGivesFiniteGradients) {
  const torch::Tensor weight = torch::zeros({2}, torch::kFloat64).requires_grad_();
  const auto critic = [&](const torch::Tensor& x) { return torch::mv(x, weight); };
  const torch::Tensor images = torch::ones({3, 2}, torch::kFloat64);
  const torch::Tensor penalty = gradient_penalty(critic, images, images, generator());
  penalty.backward();
  EXPECT_NEAR(penalty.item<double>(), 1, 1e-5);
  EXPECT_TRUE(weight.grad().isfinite().all().item<bool>());
}

TEST(R1Penalty, ClosedFormAndItsSlope) {
  // logit = w Σ x³: gradient 3 w x², penalty ½ mean over samples of 9 w² Σ x⁴.
  const torch::Tensor weight = torch::tensor(2.0, torch::kFloat64).requires_grad_();
  const torch::Tensor real = torch::tensor({1.0, 2.0, 0.5, 1.0}, torch::kFloat64).view({2, 2}).requires_grad_();
  const double fourth = (1 + 16 + 0.0625 + 1) / 2;
  const torch::Tensor penalty = r1_penalty(weight * real.pow(3).sum(1), real);
  EXPECT_NEAR(penalty.item<double>(), 0.5 * 9 * 4 * fourth, 1e-9);
  penalty.backward();
  EXPECT_NEAR(weight.grad().item<double>(), 9 * 2 * fourth, 1e-9);
}

TEST(R1Penalty, PatchesAreAveraged) {
  const torch::Tensor real = torch::ones({2, 1, 3}, torch::kFloat64).requires_grad_();
  // Mean of three logits 6 x: a gradient of 2 a voxel.
  EXPECT_NEAR(r1_penalty(6 * real, real).item<double>(), 0.5 * 3 * 4, 1e-12);
}

TEST(Penalties, SlopesEqualFiniteDifferences) {
  // A small critic that is curved in its input and in its weights.
  const torch::Tensor images = torch::sin(torch::arange(12, torch::kFloat64)).view({3, 4});
  const torch::Tensor others = torch::cos(torch::arange(12, torch::kFloat64)).view({3, 4});
  const torch::Tensor at = torch::sin(0.7 * torch::arange(20, torch::kFloat64));
  const auto critic = [](const torch::Tensor& x, const torch::Tensor& w) {
    return torch::mv(torch::tanh(torch::mm(x, w.slice(0, 0, 16).view({4, 4}))), w.slice(0, 16));
  };
  const auto both = [&](const torch::Tensor& w) {
    const torch::Tensor real = images.clone().requires_grad_();
    return r1_penalty(critic(real, w), real) +
           gradient_penalty([&](const torch::Tensor& x) { return critic(x, w); }, images, others, generator());
  };
  const torch::Tensor w = at.clone().requires_grad_();
  const torch::Tensor slope = torch::autograd::grad({both(w)}, {w})[0];
  for (int64_t i = 0; i < 20; i += 3) {
    torch::Tensor up = at.clone(), down = at.clone();
    up[i] += 1e-5;
    down[i] -= 1e-5;
    EXPECT_NEAR(slope[i].item<double>(), (both(up) - both(down)).item<double>() / 2e-5, 1e-7);
  }
}

}  // namespace
}  // namespace medvol::losses
