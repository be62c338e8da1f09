#include "datasets/augmentation/scanner_artefacts.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "datasets/augmentation/augmenter.h"
#include "framework/config/app.h"
#include "tests/support/support.h"

namespace medvol::datasets {
namespace {

using runtime::Philox;

const ScannerArtefact& artefact(size_t index) { return scanner_artefacts()[index]; }
enum { motion, ghosting, spike, bias_field, anisotropy };

at::Tensor random_volume(const Index3& size = {8, 9, 10}) {
  at::manual_seed(7);
  return at::randn({size[0], size[1], size[2]});
}

at::Tensor applied(const ScannerArtefact& one, const ChannelDraws& draws, const at::Tensor& volume) {
  const at::Tensor result = volume.clone();
  EXPECT_TRUE(one.drawn(draws));
  apply_artefact(one, draws, {volume.size(0), volume.size(1), volume.size(2)}, result.mutable_data_ptr<float>());
  return result;
}

double difference(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

/// Planes of the shifted spectrum along an axis times these weights; real part. By torch's FFT of all axes.
at::Tensor weighted(const at::Tensor& volume, int64_t axis, const std::vector<double>& weights) {
  std::vector<int64_t> shape{1, 1, 1};
  shape[size_t(axis)] = int64_t(weights.size());
  const at::Tensor planes = at::tensor(weights).to(at::kFloat).view(shape);
  return at::real(at::fft_ifftn(at::fft_ifftshift(at::fft_fftshift(at::fft_fftn(volume)) * planes)));
}

TEST(Ghosting, WeakensEveryNthPlaneOfTheSpectrumButTheMiddleOne) {
  const at::Tensor volume = random_volume();
  for (const size_t axis : {0u, 1u, 2u}) {
    ChannelDraws draws;
    draws.ghosting = {axis, 3, 0.7};
    std::vector<double> weights(size_t(volume.size(int64_t(axis))), 1);
    for (size_t plane = 0; plane < weights.size(); plane += 3) weights[plane] = 1 - 0.7;
    weights[weights.size() / 2] = 1;
    EXPECT_LT(difference(applied(artefact(ghosting), draws, volume), weighted(volume, int64_t(axis), weights)), 1e-5);
  }
}

TEST(Spike, IsOneWrongValueOfTheSpectrum) {
  const at::Tensor volume = random_volume();
  ChannelDraws draws;
  draws.spike = {1.5, {0.3, 0.8, 0.55}};
  at::Tensor spectrum = at::fft_fftshift(at::fft_fftn(volume));
  spectrum[2][7][5].add_(spectrum.abs().max() * 1.5);
  const at::Tensor expected = at::real(at::fft_ifftn(at::fft_ifftshift(spectrum)));
  EXPECT_LT(difference(applied(artefact(spike), draws, volume), expected), 1e-4);
}

TEST(BiasField, IsTheExponentialOfItsPolynomial) {
  ChannelDraws draws;
  draws.bias.assign(8, 0);  // order 1: z^k y^j x^i at 4 k + 2 j + i
  draws.bias[0] = 0.1, draws.bias[1] = 0.3, draws.bias[2] = -0.2, draws.bias[4] = 0.4;
  const at::Tensor result = applied(artefact(bias_field), draws, at::ones({3, 4, 5}));
  for (int64_t z = 0; z < 3; ++z)
    for (int64_t y = 0; y < 4; ++y)
      for (int64_t x = 0; x < 5; ++x)
        EXPECT_NEAR(result[z][y][x].item<float>(),
                    std::exp(0.1 + 0.3 * (double(x) / 2 - 1) - 0.2 * (2 * double(y) / 3 - 1) + 0.4 * double(z - 1)),
                    1e-5);
}

TEST(Anisotropy, IsALowResolutionAlongOneAxis) {
  const at::Tensor volume = random_volume({9, 10, 12});
  ChannelDraws draws;
  draws.anisotropy = {2, 3};
  const at::Tensor coarse = at::_upsample_nearest_exact1d(volume, {4});
  const at::Tensor expected = at::upsample_linear1d(coarse, {12}, false);
  EXPECT_LT(difference(applied(artefact(anisotropy), draws, volume), expected), 1e-5);
}

TEST(Motion, WithoutMovementIsTheImage) {
  const at::Tensor volume = random_volume();
  ChannelDraws draws;
  const Movement none{0.3, {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}}, {}}, later{0.7, none.matrix, {}};
  draws.motion = {1, 1, {none, later}};
  EXPECT_LT(difference(applied(artefact(motion), draws, volume), volume), 1e-5);
}

TEST(Motion, FillsEachPartOfTheSpectrumFromItsOwnImage) {
  const at::Tensor volume = random_volume({8, 9, 12});
  ChannelDraws draws;
  // One voxel along x, then two along y; zeros come in as the smallest value.
  const std::array<std::array<double, 3>, 3> identity{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  draws.motion = {2, 1, {{0.25, identity, {0, 0, 1}}, {0.75, identity, {0, 2, 0}}}};
  const at::Tensor low = volume.amin();
  at::Tensor first = at::zeros_like(volume) + low, second = first.clone();
  first.slice(2, 0, 11) = volume.slice(2, 1, 12);
  second.slice(1, 0, 7) = volume.slice(1, 2, 9);
  const auto part = [](int64_t begin, int64_t end) {
    std::vector<double> weights(12, 0);
    for (int64_t i = begin; i < end; ++i) weights[size_t(i)] = 1;
    return weights;
  };
  // The middle of the spectrum is the resting image's; the first part has the movement that opened it.
  const at::Tensor expected =
      weighted(first, 2, part(0, 3)) + weighted(volume, 2, part(3, 9)) + weighted(second, 2, part(9, 12));
  EXPECT_LT(difference(applied(artefact(motion), draws, volume), expected), 1e-4);
}

TEST(HistogramShift, GoesThroughItsPointsInStraightLines) {
  const at::Tensor volume = at::tensor({0.0, 1.0, 2.0, 2.5, 3.0, 4.0}).to(at::kFloat).view({1, 2, 3}) - 1;
  ChannelDraws draws;
  draws.histogram = {0, 0.1, 0.7, 0.75, 1};
  const at::Tensor expected = at::tensor({0.0, 0.4, 2.8, 2.9, 3.0, 4.0}).to(at::kFloat).view({1, 2, 3}) - 1;
  EXPECT_LT(difference(applied(histogram_shift(), draws, volume), expected), 1e-5);
  EXPECT_LT(difference(applied(histogram_shift(), draws, at::ones({2, 2, 2})), at::ones({2, 2, 2})), 1e-6);
}

AugmentationOptions only(const std::string& name) {
  AugmentationOptions options;
  for (const auto& [step, probability] : step_probabilities(options)) *probability = step == name ? 1 : 0;
  return options;
}

TEST(ScannerArtefacts, AreDrawnWithinTheirRanges) {
  AugmentationOptions options = only("motion");
  options.ghosting.probability = options.spike.probability = options.bias_field.probability = 1;
  options.anisotropy.probability = options.histogram_shift.probability = 1;
  for (const std::vector<int64_t>& patch : {std::vector<int64_t>{8, 8, 8}, {8, 8}}) {
    const AugmentationSpecification specification = specify(options, patch);
    AugmentationDraws draws;
    std::array<int, 5> fired{};
    for (uint64_t i = 0; i < 500; ++i) {
      Philox random(3, 2, i);
      draw(specification, 2, random, draws);
      for (const ChannelDraws& channel : draws.channels) {
        for (size_t k = 0; k < 5; ++k) fired[k] += artefact(k).drawn(channel);
        const size_t first = patch.size() == 2 ? 1 : 0;
        EXPECT_TRUE(channel.motion.movements.empty() || channel.motion.axis >= first);
        for (const Movement& movement : channel.motion.movements) {
          EXPECT_TRUE(movement.time > 0 && movement.time < 1);
          EXPECT_TRUE(std::abs(movement.shift[2]) <= 10);
          EXPECT_TRUE(first == 0 || (movement.shift[0] == 0 && movement.matrix[0][0] == 1));
        }
        if (channel.ghosting.every > 0) {
          EXPECT_TRUE(channel.ghosting.every >= 4 && channel.ghosting.every <= 10 && channel.ghosting.axis >= first);
          EXPECT_TRUE(channel.ghosting.weakened >= 0.5 && channel.ghosting.weakened < 1);
        }
        EXPECT_TRUE(channel.spike.ratio == 0 || (channel.spike.ratio >= 1 && channel.spike.ratio < 3));
        EXPECT_TRUE(channel.anisotropy.thickness >= 1 && channel.anisotropy.thickness < 5);
        EXPECT_TRUE(channel.bias.empty() || channel.bias.size() == 64);
        ASSERT_EQ(channel.histogram.size(), 10u);
        EXPECT_TRUE(std::is_sorted(channel.histogram.begin(), channel.histogram.end()));
        EXPECT_EQ(channel.histogram.front(), 0);
        EXPECT_EQ(channel.histogram.back(), 1);
      }
    }
    for (const int count : fired) EXPECT_NEAR(count, 500, 80);
  }
}

TEST(ScannerArtefacts, TheConfigurationAddsThemToNnUnets) {
  AugmentationOptions configured =
      config::resolve(config::CommandLine{}, {tests::source_root() / "experiments/conf/augmentation", "mr_artefacts"},
                      AugmentationOptions{})
          .options;
  AugmentationOptions defaults;
  const auto ours = step_probabilities(configured), nnunet = step_probabilities(defaults);
  for (size_t i = 0; i < ours.size(); ++i) {
    const std::string& name = ours[i].first;
    const bool artefact =
        name == "motion" || name == "ghosting" || name == "spike" || name == "bias_field" || name == "anisotropy";
    EXPECT_EQ(*ours[i].second > 0, artefact || *nnunet[i].second > 0) << name;
  }
}

}  // namespace
}  // namespace medvol::datasets
