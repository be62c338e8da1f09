#include "framework/imaging/intensity_landmarks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "framework/core/error.h"

namespace medvol::imaging {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;

TEST(IntensityLandmarks, ArePercentiles) {
  const at::Tensor image = torch::arange(101, at::kFloat).flip(0);
  EXPECT_THAT(intensity_landmarks(image, torch::ones({101}, at::kBool)),
              ElementsAre(1, 10, 20, 30, 40, 50, 60, 70, 80, 90, 99));
  // Inside: 50 … 100.
  EXPECT_EQ(intensity_landmarks(image, image >= 50)[5], 75);
  EXPECT_THROW(intensity_landmarks(image, image > 1000), core::UserError);
}

TEST(MatchIntensities, TakesLandmarksToLandmarks) {
  const std::vector<double> from{0, 10, 20}, to{0, 100, 110};
  const at::Tensor image = torch::tensor({-5.f, 0.f, 5.f, 10.f, 15.f, 20.f, 30.f});
  const at::Tensor expected = torch::tensor({-50.f, 0.f, 50.f, 100.f, 105.f, 110.f, 120.f});
  const at::Tensor matched = match_intensities(image, from, to);
  EXPECT_TRUE(torch::allclose(matched, expected));
  EXPECT_TRUE(torch::allclose(match_intensities(matched, to, from), image)) << "the inverse changes from and to";
}

TEST(MatchIntensities, StandsFlatHistograms) {
  const at::Tensor image = torch::tensor({3.f, 3.f, 4.f});
  EXPECT_TRUE(torch::allclose(match_intensities(image, {3, 3, 3}, {5, 6, 7}), image + 2));
  EXPECT_TRUE(torch::allclose(match_intensities(image, {3, 3, 4}, {5, 6, 8}), torch::tensor({5.f, 5.f, 8.f})));
}

TEST(MatchIntensities, GivesOneHistogramToTwoScanners) {
  const at::Tensor one = torch::rand({20000}, at::detail::createCPUGenerator(1)), other = 40 * one.pow(1.7) + 7;
  const at::Tensor all = torch::ones({20000}, at::kBool);
  const at::Tensor matched = match_intensities(other, intensity_landmarks(other, all), intensity_landmarks(one, all));
  EXPECT_LT((matched - one).abs().max().item<double>(), 0.04);
}

}  // namespace
}  // namespace medvol::imaging
