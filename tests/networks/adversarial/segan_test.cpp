#include "networks/adversarial/segan.h"

#include <gtest/gtest.h>

#include "framework/core/error.h"
#include "tests/networks/adversarial/discriminator_check.h"

namespace medvol::networks {
namespace {

using tests::discriminator_shape;

TEST(Segan, GivesTheFeaturesOfAllLevelsAndNoLogits) {
  const auto critic = tests::build_discriminator("segan", discriminator_shape({3, 32, 8}, 2));
  critic->initialize(at::make_generator<at::CPUGeneratorImpl>(1));
  const torch::Tensor x = torch::randn({1, 2, 3, 32, 8});
  const Judgement judgement = critic->forward(x);
  EXPECT_TRUE(judgement.logits.empty());
  ASSERT_EQ(judgement.features.size(), 1u);
  const auto& features = judgement.features.front();
  ASSERT_EQ(features.size(), 4u);
  EXPECT_TRUE(features[0].equal(x));
  EXPECT_EQ(features[1].sizes(), torch::IntArrayRef({1, 64, 3, 16, 4}));
  EXPECT_EQ(features[2].sizes(), torch::IntArrayRef({1, 128, 3, 8, 2}));
  EXPECT_EQ(features[3].sizes(), torch::IntArrayRef({1, 256, 3, 4, 2}));
  EXPECT_THROW(critic->forward(torch::randn({1, 2, 3, 15, 8})), core::UserError);
}

// 4³ kernels 2→64→128→256 with biases.
TEST(Segan, ParameterCountIsTheSumOfItsLayers) {
  int64_t count = 0;
  for (const auto& parameter : tests::build_discriminator("segan", discriminator_shape({32, 32, 32}, 2))->parameters())
    count += parameter.numel();
  EXPECT_EQ(count, 64 * (2 * 64 + 64 * 128 + 128 * 256) + 64 + 128 + 256);
}

TEST(Segan, KeepsThePromisesOfADiscriminator) {
  const auto check = [](const SeganOptions& options, const DiscriminatorShape& shape,
                        const std::vector<std::vector<int64_t>>& sizes) {
    tests::check_discriminator([&] { return std::make_shared<SeganCritic>(options, shape); }, shape.in_channels, sizes);
  };
  check({.features = 4}, discriminator_shape({9, 16, 24}, 3), {{9, 17, 26}, {9, 16, 24}});
  check({.features = 4, .normalization = CriticNormalization::batch, .spectral_norm = false},
        discriminator_shape({20, 16}), {{21, 33}, {20, 16}});
}

// Each layer is nearly 1-Lipschitz by its matrix; the image's change bounds the features' by the kernel's overlap.
TEST(Segan, SpectralNormalisationBoundsTheFeatures) {
  SeganCritic critic({.features = 4}, discriminator_shape({16, 16}));
  critic.initialize(at::make_generator<at::CPUGeneratorImpl>(1));
  {
    const torch::NoGradGuard no_grad;
    for (const torch::Tensor& parameter : critic.parameters()) parameter.mul_(1000);
    for (int i = 0; i < 30; ++i) critic.forward(torch::zeros({1, 1, 16, 16}));
  }
  critic.eval();
  const torch::Tensor a = torch::randn({1, 1, 16, 16}), b = torch::randn({1, 1, 16, 16});
  const auto of_a = critic.forward(a).features.front(), of_b = critic.forward(b).features.front();
  // A voxel is in four of a 4×4 kernel's places at stride 2: a layer's norm is at most √4.
  double bound = (a - b).norm().item<double>();
  for (size_t i = 1; i < of_a.size(); ++i) {
    bound *= 2.0;
    EXPECT_LE((of_a[i] - of_b[i]).norm().item<double>(), 1.01 * bound) << "layer " << i;
  }
}

}  // namespace
}  // namespace medvol::networks
