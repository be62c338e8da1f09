#include "trainers/super_resolution/degradation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "framework/core/error.h"

namespace medvol::trainers {
namespace {

/// Down-sampling alone, box profile as wide as the distance of slices: the mean of the voxels that a new one covers.
DegradationOptions clean() {
  DegradationOptions options;
  options.profile = SliceProfile::box;
  options.thickness = {1, 1};
  options.sigma = {0, 0};
  options.missing = 0;
  return options;
}

runtime::Philox stream(uint64_t index = 0) { return {7, runtime::purpose_degradation, index}; }

torch::Tensor degrade(const DegradationOptions& options, std::vector<int64_t> factors, const torch::Tensor& images,
                      uint64_t index = 0, const IntensityScale& scale = {}) {
  runtime::Philox random = stream(index);
  return Degradation(options, std::move(factors), scale).varied(images, random);
}

TEST(Degradation, ConstantImagesStayAsTheyAre) {
  for (const SliceProfile profile : {SliceProfile::box, SliceProfile::gaussian}) {
    DegradationOptions options = clean();
    options.profile = profile;
    options.thickness = {0.7, 1.7};
    options.blur = {0.5, 2};
    options.missing = 0.4;
    const torch::Tensor low = degrade(options, {4, 1, 3}, torch::full({2, 2, 12, 7, 9}, 2.5f));
    EXPECT_EQ(low.sizes(), torch::IntArrayRef({2, 2, 3, 7, 3}));
    EXPECT_TRUE(torch::allclose(low, torch::full_like(low, 2.5f), 0, 1e-5));
    EXPECT_EQ(degrade(options, {2, 1}, torch::full({2, 1, 8, 6}, 2.5f)).sizes(), torch::IntArrayRef({2, 1, 4, 6}));
  }
}

TEST(Degradation, BoxProfileOfFullThicknessIsTheMean) {
  const torch::Tensor images = torch::rand({1, 1, 6, 4, 8});
  const torch::Tensor expected = torch::avg_pool3d(images, {3, 1, 2});
  EXPECT_TRUE(torch::allclose(degrade(clean(), {3, 1, 2}, images), expected, 1e-5, 1e-6));
}

TEST(Degradation, AnImpulseShowsTheProfile) {
  // Factor 3, centres at 1, 4, 7: sigma = 3 / 2.3548, each voxel the integral of the profile over its width.
  const torch::Tensor matrix = profile_matrix(21, 3, 3, SliceProfile::gaussian);
  const double sigma = 3 / (2 * std::sqrt(2 * std::log(2.0)));
  const auto below = [&](double t) { return 0.5 * (1 + std::erf(t / sigma / std::sqrt(2.0))); };
  for (int64_t away = 0; away < 6; ++away) {
    const double expected = below(double(away) + 0.5) - below(double(away) - 0.5);
    EXPECT_NEAR(matrix[3][10 + away].item<double>(), expected, 1e-5);
    EXPECT_NEAR(matrix[3][10 - away].item<double>(), expected, 1e-5);
  }
  // Half of the maximum lies half the width from the centre.
  const double height = std::exp(-0.5 * std::pow(1.5 / sigma, 2));
  EXPECT_NEAR(height, 0.5, 1e-12);
  EXPECT_TRUE(torch::allclose(matrix.sum(1), torch::ones({7}, torch::kFloat64), 0, 1e-12));
}

TEST(Degradation, ALinearRampIsTheRampAtTheNewCentres) {
  for (const int64_t factor : {2, 3, 4})
    for (const SliceProfile profile : {SliceProfile::box, SliceProfile::gaussian}) {
      const int64_t voxels = 20 * factor;
      const torch::Tensor ramp = torch::arange(voxels, torch::kFloat64);
      const torch::Tensor low = profile_matrix(voxels, factor, static_cast<double>(factor), profile).mv(ramp);
      for (int64_t i = 4; i < 16; ++i)
        EXPECT_NEAR(low[i].item<double>(), (double(i) + 0.5) * double(factor) - 0.5, 1e-6) << factor;
    }
}

TEST(Degradation, AThinnerProfileKeepsMoreOfAStripe) {
  const torch::Tensor stripes = (torch::arange(64, torch::kFloat64) * 0.8).cos();
  const auto energy = [&](double width) {
    return profile_matrix(64, 2, width, SliceProfile::gaussian).mv(stripes).square().mean().item<double>();
  };
  EXPECT_GT(energy(1), energy(2));
  EXPECT_GT(energy(2), energy(3.5));
  // A Gaussian damps a wave of frequency w to exp(-(sigma w)²/2), the voxels' own width to sinc(w/2).
  const double sigma = 2 / (2 * std::sqrt(2 * std::log(2.0)));
  const double damped = std::exp(-0.5 * std::pow(sigma * 0.8, 2)) * std::sin(0.4) / 0.4;
  const torch::Tensor at = (torch::arange(32, torch::kFloat64) + 0.5) * 2 - 0.5;
  const torch::Tensor low = profile_matrix(64, 2, 2, SliceProfile::gaussian).mv(stripes);
  EXPECT_TRUE(torch::allclose(low.slice(0, 4, 28), ((at * 0.8).cos() * damped).slice(0, 4, 28), 0, 3e-5));
}

TEST(Degradation, BlurWorksAlongTheAxesThatKeepTheirSize) {
  DegradationOptions options = clean();
  options.blur = {2, 2};
  torch::Tensor images = torch::zeros({1, 1, 4, 9, 9});
  images.index_put_({0, 0, torch::indexing::Slice(), 4, 4}, 1);
  const torch::Tensor low = degrade(options, {2, 1, 1}, images);
  const torch::Tensor row = profile_matrix(9, 1, 2, SliceProfile::gaussian)[4].to(torch::kFloat32);
  EXPECT_TRUE(torch::allclose(low[0][0][1], torch::outer(row, row), 1e-4, 1e-6));
}

TEST(Degradation, GaussianNoiseHasTheStatedDeviation) {
  DegradationOptions options = clean();
  options.noise = ReceiverNoise::gaussian;
  options.sigma = {0.05, 0.05};
  const torch::Tensor low = degrade(options, {2, 2, 2}, torch::full({1, 1, 64, 64, 64}, 3.0f), 0, {0, 8});
  EXPECT_NEAR(low.mean().item<double>(), 3, 0.01);
  EXPECT_NEAR(low.std().item<double>(), 0.05 * 8, 0.01);
}

TEST(Degradation, RicianNoiseOfNoSignalIsRayleigh) {
  DegradationOptions options = clean();
  options.sigma = {0.1, 0.1};
  const IntensityScale scale{-2, 5};
  const double sigma = 0.1 * 5;
  const torch::Tensor none = degrade(options, {2, 2, 2}, torch::full({1, 1, 64, 64, 64}, -2.0f), 0, scale) + 2;
  EXPECT_NEAR(none.mean().item<double>(), sigma * std::sqrt(M_PI / 2), 0.005);
  EXPECT_NEAR(none.square().mean().item<double>(), 2 * sigma * sigma, 0.01);
  EXPECT_GE(none.min().item<float>(), 0);
  // Of a signal A the second moment is A² + 2 sigma².
  const torch::Tensor some = degrade(options, {2, 2, 2}, torch::full({1, 1, 64, 64, 64}, 1.0f), 0, scale) + 2;
  EXPECT_NEAR(some.square().mean().item<double>(), 9 + 2 * sigma * sigma, 0.05);
}

TEST(Degradation, MissingSlicesAreAsManyAsStatedAndFilledAsStated) {
  DegradationOptions options = clean();
  options.missing = 0.2;
  const torch::Tensor images = torch::arange(2000, torch::kFloat32).view({1, 1, 2000, 1, 1}).repeat({2, 1, 1, 2, 2});
  const torch::Tensor low = degrade(options, {2, 1, 1}, images), whole = degrade(clean(), {2, 1, 1}, images);
  const torch::Tensor lost = low.select(3, 0).select(3, 0) != whole.select(3, 0).select(3, 0);
  EXPECT_NEAR(lost.to(torch::kFloat32).mean().item<double>(), 0.2, 0.03);
  EXPECT_FALSE(lost[0].equal(lost[1]));  // each image loses its own
  const torch::Tensor step = (low - whole).abs();
  EXPECT_LE(step.max().item<float>(), 2 * 6);  // the nearest neighbour
  options.fill = MissingFill::zero;
  const torch::Tensor zero = degrade(options, {2, 1, 1}, images, 0, {-5, 1});
  EXPECT_TRUE((zero == -5).equal(low != whole));
}

TEST(Degradation, IsAFunctionOfSeedAndIndex) {
  const DegradationOptions options;
  const torch::Tensor images = torch::rand({2, 1, 8, 8, 8});
  EXPECT_TRUE(degrade(options, {2, 2, 2}, images, 3).equal(degrade(options, {2, 2, 2}, images, 3)));
  EXPECT_FALSE(degrade(options, {2, 2, 2}, images, 3).equal(degrade(options, {2, 2, 2}, images, 4)));
}

TEST(Degradation, EvaluationTakesTheMiddleOfEveryRange) {
  DegradationOptions ranges = clean(), middle = clean();
  ranges.thickness = {0.5, 1.5};
  ranges.sigma = {0, 0.2};
  middle.sigma = {0.1, 0.1};
  const torch::Tensor images = torch::rand({2, 1, 8, 8, 8});
  runtime::Philox a = stream(), b = stream();
  EXPECT_TRUE(Degradation(ranges, {2, 2, 2}, {})
                  .typical(images, a)
                  .equal(Degradation(middle, {2, 2, 2}, {}).typical(images, b)));
}

TEST(Degradation, ARangeUpsideDownIsRefused) {
  DegradationOptions options;
  options.sigma = {0.3, 0.1};
  EXPECT_THROW(Degradation(options, {2, 2, 2}, {}), core::UserError);
  options.sigma = {0, 0};
  options.thickness = {0, 1};
  EXPECT_THROW(Degradation(options, {2, 2, 2}, {}), core::UserError);
}

}  // namespace
}  // namespace medvol::trainers
