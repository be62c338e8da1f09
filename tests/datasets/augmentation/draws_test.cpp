#include "datasets/augmentation/augmentation_draws.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "framework/core/error.h"

namespace medvol::datasets {
namespace {

using runtime::Philox;
constexpr int draws_made = 20000;

/// Bounds that a right share leaves once in about 10^7 runs; the seed is fixed, so it never flickers.
void expect_share(int64_t count, int64_t of, double probability, const char* what) {
  const double deviation = std::sqrt(double(of) * probability * (1 - probability));
  EXPECT_NEAR(double(count), double(of) * probability, 5.3 * deviation + 1e-9) << what;
}

std::vector<AugmentationDraws> many(const AugmentationSpecification& specification, int64_t channels = 2) {
  std::vector<AugmentationDraws> result(draws_made);
  for (int i = 0; i < draws_made; ++i) {
    Philox random(5, runtime::purpose_augmentation, uint64_t(i));
    draw(specification, channels, random, result[size_t(i)]);
  }
  return result;
}

/// det^(1/3) of the matrix: the scale.
double scale_of(const AugmentationDraws& draws) {
  const auto& m = draws.matrix;
  return std::cbrt(m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) -
                   m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
                   m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]));
}

TEST(Draws, NnUnetFrequenciesAndRanges) {
  const auto all = many(specify({}, {128, 128, 128}));
  int64_t moved = 0, scaled = 0, noisy = 0, blurred = 0, blurred_channels = 0, bright = 0, bright_below = 0,
          contrast = 0, low = 0, inverted = 0, gamma = 0;
  std::array<int64_t, 3> mirrored{};
  for (const AugmentationDraws& draws : all) {
    moved += draws.interpolate;
    const double scale = scale_of(draws);
    EXPECT_GT(scale, 0.7 - 1e-9);
    EXPECT_LT(scale, 1.4);
    scaled += std::abs(scale - 1) > 1e-9;
    noisy += draws.noise_sigma > 0;
    EXPECT_LT(draws.noise_sigma, 0.1);
    for (size_t axis = 0; axis < 3; ++axis) mirrored[axis] += draws.mirror[axis];
    const ChannelDraws &first = draws.channels[0], &second = draws.channels[1];
    blurred += first.blur_sigma[0] > 0 || second.blur_sigma[0] > 0;
    for (const ChannelDraws& channel : draws.channels) {
      blurred_channels += channel.blur_sigma[0] > 0;
      for (const double sigma : channel.blur_sigma) EXPECT_TRUE(sigma == 0 || (sigma >= 0.5 && sigma < 1));
      EXPECT_TRUE(channel.brightness >= 0.75 && channel.brightness < 1.25);
      EXPECT_TRUE(channel.contrast >= 0.75 && channel.contrast < 1.25);
      EXPECT_TRUE(channel.low_resolution >= 0.5 && channel.low_resolution <= 1);
      EXPECT_TRUE(channel.gamma >= 0.7 && channel.gamma < 1.5 && channel.gamma_inverted >= 0.7 &&
                  channel.gamma_inverted < 1.5);
      low += channel.low_resolution != 1;
    }
    bright += first.brightness != 1;
    bright_below += first.brightness < 1;
    EXPECT_EQ(first.brightness != 1, second.brightness != 1);  // fires for a sample, differs per channel
    if (first.brightness != 1) {
      EXPECT_NE(first.brightness, second.brightness);
    }
    contrast += first.contrast != 1;
    inverted += first.gamma_inverted != 1;
    gamma += first.gamma != 1;
  }
  expect_share(moved, draws_made, 1 - 0.8 * 0.8, "rotation or scaling");
  expect_share(scaled, draws_made, 0.2, "scaling");
  expect_share(noisy, draws_made, 0.1, "noise");
  expect_share(blurred, draws_made, 0.2 * 0.75, "blur of either channel");
  expect_share(bright, draws_made, 0.15, "brightness");
  expect_share(bright_below, bright, 0.5, "brightness below 1");
  expect_share(contrast, draws_made, 0.15, "contrast");
  expect_share(inverted, draws_made, 0.1, "inverted gamma");
  expect_share(gamma, draws_made, 0.3, "gamma");
  for (const int64_t count : mirrored) expect_share(count, draws_made, 0.5, "mirror");
  EXPECT_NEAR(double(blurred_channels) / (2 * draws_made), 0.1, 0.01);
  EXPECT_NEAR(double(low) / (2 * draws_made), 0.125, 0.01);
}

TEST(Draws, GammaLiesHalfBelowOne) {
  AugmentationOptions options;
  options.gamma.probability = 1;
  int64_t below = 0;
  double above_sum = 0;
  for (const AugmentationDraws& draws : many(specify(options, {16, 16, 16}), 1)) {
    below += draws.channels[0].gamma < 1;
    if (draws.channels[0].gamma >= 1) above_sum += draws.channels[0].gamma;
  }
  expect_share(below, draws_made, 0.5, "gamma below 1");
  EXPECT_NEAR(above_sum / double(draws_made - below), 1.25, 0.01);
}

TEST(Draws, RotationTurnsEveryAxisWithinItsLimit) {
  AugmentationOptions options;
  options.rotation.probability = 1;
  options.scaling.probability = 0;
  double largest = 0, sum_squares = 0;
  for (const AugmentationDraws& draws : many(specify(options, {64, 64, 64}), 1)) {
    const auto& m = draws.matrix;
    for (size_t a = 0; a < 3; ++a)
      for (size_t b = 0; b < 3; ++b)
        EXPECT_NEAR(m[a][0] * m[b][0] + m[a][1] * m[b][1] + m[a][2] * m[b][2], a == b, 1e-12);
    // Rx' Ry' Rz' in x, y, z: the entry (x from z) is − sin of the angle about y alone.
    const double about_y = std::asin(-m[2][0]) * 180 / std::numbers::pi;
    largest = std::max(largest, std::abs(about_y));
    sum_squares += about_y * about_y;
  }
  EXPECT_LE(largest, 30 + 1e-9);
  EXPECT_GT(largest, 29.9);
  EXPECT_NEAR(sum_squares / draws_made, 300, 10);  // variance of U(−30, 30)
}

TEST(Draws, EnlargedPatchesAreThoseOfNnUnet) {
  // Printed by nnU-Net v2 for 3d_fullres of hippocampus, and for 128³.
  EXPECT_EQ(specify({}, {40, 56, 40}).source_size, (Index3{73, 80, 64}));
  EXPECT_EQ(specify({}, {128, 128, 128}).source_size, (Index3{205, 205, 205}));
  const auto flat = specify({}, {16, 256, 224});
  EXPECT_TRUE(flat.in_plane);
  EXPECT_EQ(flat.source_size, (Index3{16, 301, 301}));
  const auto square = specify({}, {56, 40});
  EXPECT_EQ(square.patch_size, (Index3{1, 56, 40}));
  EXPECT_EQ(square.source_size, (Index3{1, 65, 65}));
  AugmentationOptions off;
  off.enabled = false;
  EXPECT_EQ(specify(off, {40, 56, 40}).source_size, (Index3{40, 56, 40}));
}

TEST(Draws, RotationLimitFollowsTheShapeOfThePatch) {
  constexpr double degree = std::numbers::pi / 180;
  EXPECT_DOUBLE_EQ(specify({}, {48, 48, 48}).rotation_limit, 30 * degree);
  EXPECT_DOUBLE_EQ(specify({}, {48, 48}).rotation_limit, 180 * degree);
  EXPECT_DOUBLE_EQ(specify({}, {48, 73}).rotation_limit, 15 * degree);
  EXPECT_DOUBLE_EQ(specify({}, {10, 48, 48}).rotation_limit, 180 * degree);
  AugmentationOptions options;
  options.dummy_2d = false;
  options.rotation.degrees = 10;
  EXPECT_FALSE(specify(options, {10, 48, 48}).in_plane);
  EXPECT_DOUBLE_EQ(specify(options, {10, 48, 48}).rotation_limit, 10 * degree);
}

TEST(Draws, TwoDimensionsLeaveTheSliceAxisAlone) {
  for (const AugmentationDraws& draws : many(specify({}, {32, 32}), 1)) {
    EXPECT_FALSE(draws.mirror[0]);
    EXPECT_EQ(draws.channels[0].blur_sigma[0], 0);
    EXPECT_EQ(draws.matrix[0], (std::array<double, 3>{1, 0, 0}));
  }
}

TEST(Draws, MirrorAxesCountAsInThePatch) {
  AugmentationOptions options;
  options.mirror.axes = {1};
  EXPECT_EQ(specify(options, {8, 8, 8}).mirror_axes, (std::array<bool, 3>{false, true, false}));
  EXPECT_EQ(specify(options, {8, 8}).mirror_axes, (std::array<bool, 3>{false, false, true}));
  options.mirror.axes = {2};
  EXPECT_THROW(specify(options, {8, 8}), core::UserError);
}

TEST(Draws, RangesTheWrongWayRoundAreRefused) {
  AugmentationOptions options;
  options.gamma.low = 2;
  try {
    specify(options, {8, 8, 8});
    FAIL() << "accepted";
  } catch (const core::UserError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("augmentation.gamma"));
  }
}

TEST(Draws, DisabledDrawsNothing) {
  AugmentationOptions options;
  options.enabled = false;
  Philox random(1, 3, 9), untouched(1, 3, 9);
  AugmentationDraws draws;
  draws.interpolate = true;
  draw(specify(options, {8, 8, 8}), 1, random, draws);
  EXPECT_FALSE(draws.interpolate);
  EXPECT_EQ(random.next_u64(), untouched.next_u64());
}

}  // namespace
}  // namespace medvol::datasets
