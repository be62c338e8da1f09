#include "losses/adversarial/games.h"

#include <gtest/gtest.h>

#include <torch/csrc/autograd/autograd.h>

#include "losses/adversarial/feature_matching.h"
#include "losses/adversarial/register.h"

namespace medvol::losses {
namespace {

torch::Tensor numbers(std::vector<double> values) { return torch::tensor(values, torch::kFloat64); }
double log_sigmoid(double x) { return -std::log1p(std::exp(-x)); }

/// Two scales: logits of a sample each, and of a patch each.
CriticOutput real_output() {
  return {{numbers({2, -1}), numbers({0.5, 1.5, -0.5, 3}).view({2, 1, 2})},
          {{numbers({1, 2}), numbers({3})}, {numbers({-1, 4})}}};
}
CriticOutput fake_output() {
  return {{numbers({-2, 0.5}), numbers({1, -1.5, 0.25, -3}).view({2, 1, 2})},
          {{numbers({2, 0}), numbers({2.5})}, {numbers({-1, 8})}}};
}

std::vector<std::string> registered() {
  AdversarialLossRegistry registry("adversarial_loss");
  register_adversarial_losses(registry);
  return registry.names();
}

std::unique_ptr<AdversarialLoss> build(const std::string& name) {
  AdversarialLossRegistry registry("adversarial_loss");
  register_adversarial_losses(registry);
  return AdversarialLossChoice(registry, name).build();
}

double discriminator(const std::string& name) {
  return build(name)->discriminator(real_output(), fake_output()).item<double>();
}
double generator(const std::string& name) {
  return build(name)->generator(real_output(), fake_output()).item<double>();
}

/// The mean over scales of the mean of term(logit).
double mean(const CriticOutput& output, const std::function<double(double)>& term) {
  double total = 0;
  for (const torch::Tensor& logits : output.logits) {
    double sum = 0;
    for (int64_t i = 0; i < logits.numel(); ++i) sum += term(logits.flatten()[i].item<double>());
    total += sum / static_cast<double>(logits.numel());
  }
  return total / static_cast<double>(output.logits.size());
}

TEST(AdversarialLosses, EachIsRegistered) {
  EXPECT_EQ(registered(), (std::vector<std::string>{"non_saturating", "least_squares", "hinge", "wasserstein",
                                                    "relativistic", "multiscale_l1"}));
}

TEST(AdversarialLosses, ClosedForms) {
  const CriticOutput real = real_output(), fake = fake_output();
  const auto not_real = [](double x) { return -log_sigmoid(-x); };
  const auto is_real = [](double x) { return -log_sigmoid(x); };
  EXPECT_NEAR(discriminator("non_saturating"), mean(real, is_real) + mean(fake, not_real), 1e-12);
  EXPECT_NEAR(generator("non_saturating"), mean(fake, is_real), 1e-12);
  EXPECT_NEAR(NonSaturating({.label_smoothing = 0.1}).discriminator(real, fake).item<double>(),
              0.9 * mean(real, is_real) + 0.1 * mean(real, not_real) + mean(fake, not_real), 1e-12);
  const auto to_one = [](double x) { return 0.5 * (x - 1) * (x - 1); };
  EXPECT_NEAR(discriminator("least_squares"), mean(real, to_one) + mean(fake, [](double x) { return 0.5 * x * x; }),
              1e-12);
  EXPECT_NEAR(generator("least_squares"), mean(fake, to_one), 1e-12);
  const auto minus = [](double x) { return -x; };
  EXPECT_NEAR(discriminator("hinge"),
              mean(real, [](double x) { return std::max(0.0, 1 - x); }) +
                  mean(fake, [](double x) { return std::max(0.0, 1 + x); }),
              1e-12);
  EXPECT_NEAR(generator("hinge"), mean(fake, minus), 1e-12);
  EXPECT_NEAR(discriminator("wasserstein"), mean(real, minus) - mean(fake, minus), 1e-12);
  EXPECT_NEAR(generator("wasserstein"), mean(fake, minus), 1e-12);
}

TEST(AdversarialLosses, ClosedFormOfTheRelativisticGame) {
  // Means of scale 0: 0.5 and -0.75; of scale 1: 1.125 and -0.8125.
  const std::vector<double> real_mean{0.5, 1.125}, fake_mean{-0.75, -0.8125};
  const CriticOutput real = real_output(), fake = fake_output();
  double judged = 0, forged = 0;
  for (size_t scale = 0; scale < 2; ++scale) {
    const auto scale_mean = [scale](const CriticOutput& output, const std::function<double(double)>& term) {
      return mean({{output.logits[scale]}, {}}, term);
    };
    judged += scale_mean(real, [&](double r) { return -log_sigmoid(r - fake_mean[scale]); }) / 2;
    judged += scale_mean(fake, [&](double f) { return -log_sigmoid(real_mean[scale] - f); }) / 2;
    forged += scale_mean(fake, [&](double f) { return -log_sigmoid(f - real_mean[scale]); }) / 2;
    forged += scale_mean(real, [&](double r) { return -log_sigmoid(fake_mean[scale] - r); }) / 2;
  }
  EXPECT_NEAR(discriminator("relativistic"), judged, 1e-12);
  EXPECT_NEAR(generator("relativistic"), forged, 1e-12);
}

TEST(AdversarialLosses, ClosedFormOfTheFeatureGame) {
  // Scale 0: layers 1.5 and 0.5; scale 1: one layer, 2.
  const double distance = ((1.5 + 0.5) / 2 + 2) / 2;
  EXPECT_NEAR(generator("multiscale_l1"), distance, 1e-12);
  EXPECT_NEAR(discriminator("multiscale_l1"), -distance, 1e-12);
  EXPECT_NEAR(feature_matching(real_output().features, fake_output().features).item<double>(), distance, 1e-12);
}

class EveryGame : public testing::TestWithParam<std::string> {};

TEST_P(EveryGame, GradientsEqualFiniteDifferences) {
  const auto game = build(GetParam());
  const torch::Tensor at = torch::sin(1.7 * torch::arange(12, torch::kFloat64));
  for (const bool of_generator : {false, true}) {
    const auto loss = [&](const torch::Tensor& x) {
      const CriticOutput real{{x.slice(0, 0, 3)}, {{x.slice(0, 3, 6)}}};
      const CriticOutput fake{{x.slice(0, 6, 9)}, {{x.slice(0, 9, 12)}}};
      return of_generator ? game->generator(real, fake) : game->discriminator(real, fake);
    };
    const torch::Tensor x = at.clone().requires_grad_();
    const torch::Tensor slope = torch::autograd::grad({loss(x)}, {x})[0];
    for (int64_t i = of_generator ? 6 : 0; i < 12; ++i) {
      torch::Tensor up = at.clone(), down = at.clone();
      up[i] += 1e-6;
      down[i] -= 1e-6;
      EXPECT_NEAR(slope[i].item<double>(), (loss(up) - loss(down)).item<double>() / 2e-6, 1e-8) << "element " << i;
    }
  }
}

TEST_P(EveryGame, EachSideGainsByItsOwnAim) {
  const auto game = build(GetParam());
  const auto output = [](double logit, double feature) {
    return CriticOutput{{torch::full({4}, logit)}, {{torch::full({4}, feature)}}};
  };
  const CriticOutput real = output(0.5, 1), fooled = output(0.5, 1), caught = output(-0.25, 0);
  EXPECT_LT(game->discriminator(real, caught).item<double>(), game->discriminator(real, fooled).item<double>());
  EXPECT_LT(game->generator(real, fooled).item<double>(), game->generator(real, caught).item<double>());
  const CriticOutput half{{torch::full({4}, 0.5, torch::kBFloat16)}, {{torch::full({4}, 1, torch::kBFloat16)}}};
  EXPECT_EQ(game->discriminator(half, half).scalar_type(), torch::kFloat32);
}

INSTANTIATE_TEST_SUITE_P(Registered, EveryGame, testing::ValuesIn(registered()),
                         [](const auto& entry) { return entry.param; });

TEST(FeatureMatching, RealFeaturesCarryNoGradient) {
  const torch::Tensor real = torch::ones({2, 3}).requires_grad_(), fake = torch::zeros({2, 3}).requires_grad_();
  feature_matching({{real}}, {{fake}}).backward();
  EXPECT_FALSE(real.grad().defined());
  EXPECT_TRUE(torch::allclose(fake.grad(), torch::full({2, 3}, -1.0 / 6)));
  feature_distance({{real}}, {{fake}}).backward();
  EXPECT_TRUE(real.grad().defined());
}

}  // namespace
}  // namespace medvol::losses
