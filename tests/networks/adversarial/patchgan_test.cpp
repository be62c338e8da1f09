#include "networks/adversarial/patchgan.h"

#include <gtest/gtest.h>

#include "framework/core/error.h"
#include "tests/networks/adversarial/discriminator_check.h"
#include "tests/networks/support/golden_names.h"

namespace medvol::networks {
namespace {

using tests::discriminator_shape;

void expect_equals_monai(PatchGan& network, const std::vector<int64_t>& size, const std::string& golden) {
  const torch::NoGradGuard no_grad;
  tests::fill_by_formula(network);
  network.eval();
  const Judgement judgement = network.forward(tests::formula_input(size));
  tests::expect_matches_golden(judgement.logits.front(), golden + ".txt");
  tests::expect_matches_golden(judgement.features.front().back(), golden + "_features.txt");
  int64_t count = 0;
  for (const torch::Tensor& parameter : network.parameters()) count += parameter.numel();
  EXPECT_EQ(count, static_cast<int64_t>(tests::read_golden(golden + ".txt").at("parameters").at(0)));
}

// MONAI 1.5.1: tests/networks/golden/patchgan.py
TEST(PatchGan, EqualsMonai) {
  PatchGan flat({.features = 8}, discriminator_shape({48, 40}, 2));
  expect_equals_monai(flat, {2, 2, 48, 40}, "patchgan_2d");
  tests::expect_names_equal(flat, "patchgan_names.txt");
  PatchGan deep({.features = 4, .layers = 2, .normalization = CriticNormalization::instance},
                discriminator_shape({24, 20, 33}));
  expect_equals_monai(deep, {2, 1, 24, 20, 33}, "patchgan_3d");
}

// The 70×70 PatchGAN of an image and its condition, three channels each: 4² · (6·64 + 64·128 + 128·256 + 256·512 + 512)
// weights, 65 biases, and scales and shifts of 128 + 256 + 512 channels.
TEST(PatchGan, PublishedNetworkHasSoManyParameters) {
  int64_t count = 0;
  for (const auto& parameter : tests::build_discriminator("patchgan", discriminator_shape({256, 256}, 6))->parameters())
    count += parameter.numel();
  EXPECT_EQ(count, 16 * (6 * 64 + 64 * 128 + 128 * 256 + 256 * 512 + 512) + 65 + 2 * (128 + 256 + 512));
}

TEST(PatchGan, KeepsThePromisesOfADiscriminator) {
  const auto check = [](const PatchGanOptions& options, const DiscriminatorShape& shape,
                        const std::vector<std::vector<int64_t>>& more) {
    auto sizes = more;
    sizes.push_back(shape.patch_size);
    tests::check_discriminator([&] { return std::make_shared<PatchGan>(options, shape); }, shape.in_channels, sizes);
  };
  check({.features = 4}, discriminator_shape({32, 41}, 3), {{37, 50}});
  check({.features = 4, .normalization = CriticNormalization::none, .spectral_norm = true},
        discriminator_shape({16, 24, 17}), {{19, 24, 20}});
  check({.features = 4, .layers = 2, .normalization = CriticNormalization::instance, .spectral_norm = true},
        discriminator_shape({4, 16, 16}), {{5, 17, 16}});
}

TEST(PatchGan, SmallPatchesLimitEachAxisByItself) {
  PatchGan network({.features = 2, .layers = 4}, discriminator_shape({2, 12, 64}));
  const auto parameters = network.named_parameters();
  EXPECT_EQ(parameters["initial_conv.conv.weight"].sizes().slice(2), torch::IntArrayRef({3, 4, 4}));
  EXPECT_EQ(parameters["1.conv.weight"].sizes().slice(2), torch::IntArrayRef({3, 3, 4}));
  EXPECT_EQ(parameters["final_conv.conv.weight"].sizes().slice(2), torch::IntArrayRef({3, 4, 4}));
  // 12 → 6 → 3, 64 → 32 → 16 → 8 → 4; each of the two last convolutions takes one voxel more.
  EXPECT_EQ(network.forward(torch::randn({1, 1, 2, 12, 64})).logits.front().sizes(),
            torch::IntArrayRef({1, 1, 2, 1, 2}));
  EXPECT_NO_THROW(network.forward(torch::randn({1, 1, 1, 12, 48})));
  EXPECT_THROW(network.forward(torch::randn({1, 1, 2, 11, 64})), core::UserError);
}

}  // namespace
}  // namespace medvol::networks
