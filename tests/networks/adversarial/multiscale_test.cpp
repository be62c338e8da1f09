#include "networks/adversarial/multiscale.h"

#include <gtest/gtest.h>

#include "tests/networks/adversarial/discriminator_check.h"

namespace medvol::networks {
namespace {

using tests::discriminator_shape;

MultiscaleOptions small(int64_t scales = 3) {
  return {.scales = scales, .patchgan = {.features = 4, .layers = 2, .normalization = CriticNormalization::instance}};
}

// MONAI 1.5.1's discriminators on averaged images: tests/networks/golden/patchgan.py
TEST(Multiscale, EqualsPatchGansOnAveragedImages) {
  const torch::NoGradGuard no_grad;
  MultiscalePatchGan network(small(), discriminator_shape({56, 64}));
  tests::fill_by_formula(network);
  network.eval();
  const Judgement judgement = network.forward(tests::formula_input({1, 1, 56, 64}));
  ASSERT_EQ(judgement.logits.size(), 3u);
  for (size_t i = 0; i < 3; ++i) tests::expect_matches_golden(judgement.logits[i], fmt::format("multiscale_{}.txt", i));
}

TEST(Multiscale, KeepsThePromisesOfADiscriminator) {
  tests::check_discriminator(
      [] {
        return std::make_shared<MultiscalePatchGan>(small(2), discriminator_shape({24, 31}, 2));
      },
      2, {{30, 33}, {24, 31}});
  tests::check_discriminator(
      [] {
        return std::make_shared<MultiscalePatchGan>(small(), discriminator_shape({4, 20, 24}));
      },
      1, {{5, 23, 24}, {4, 20, 24}});
}

// 24 → 12 → 6, where pooling ends; the thin axis is never pooled.
TEST(Multiscale, SmallPatchesHaveFewerScales) {
  const auto network = tests::build_discriminator("multiscale", discriminator_shape({24, 12}));
  EXPECT_EQ(network->forward(torch::randn({1, 1, 24, 12})).logits.size(), 3u);
  MultiscalePatchGan thin(small(5), discriminator_shape({5, 24, 24}));
  EXPECT_EQ(thin.forward(torch::randn({1, 1, 5, 24, 24})).features.size(), 3u);
  MultiscalePatchGan one(small(5), discriminator_shape({8, 8}));
  EXPECT_EQ(one.forward(torch::randn({1, 1, 8, 8})).logits.size(), 1u);
}

}  // namespace
}  // namespace medvol::networks
