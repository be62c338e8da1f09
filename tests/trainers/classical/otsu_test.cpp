#include "trainers/classical/otsu.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "datasets/catalogue/phantom_anatomy.h"

namespace medvol::trainers {
namespace {

TEST(Otsu, SeparatesThreeLevels) {
  const at::Tensor image =
      at::cat({at::full({100}, 10.0), at::full({50}, 50.0), at::full({25}, 100.0), at::full({25}, 98.0)});
  const std::vector<double> thresholds = otsu_thresholds(image, 3);
  ASSERT_EQ(thresholds.size(), 2u);
  EXPECT_GT(thresholds[0], 10);
  EXPECT_LE(thresholds[0], 50);
  EXPECT_GT(thresholds[1], 50);
  EXPECT_LE(thresholds[1], 98);
  EXPECT_EQ(otsu_thresholds(at::full({8}, 3.0), 3), (std::vector<double>{3, 3}));
}

/// The exact optimum over all pairs of thresholds, by brute force on integer intensities.
TEST(Otsu, IsTheBestOfAllThresholds) {
  at::Tensor image = (at::arange(0, 128, at::kDouble) * 1.7).sin().abs().mul(127).floor();
  image[0] = 0;
  image[1] = 127;
  const auto between = [&](double a, double b) {
    double score = 0;
    for (const at::Tensor& band : {image < a, (image >= a).logical_and(image < b), image >= b}) {
      const at::Tensor values = image.masked_select(band);
      if (values.numel() > 0)
        score += values.sum().item<double>() * values.sum().item<double>() / double(values.numel());
    }
    return score;
  };
  const std::vector<double> found = otsu_thresholds(image, 3);
  double best = 0;
  for (int a = 1; a < 127; ++a)
    for (int b = a + 1; b < 128; ++b) best = std::max(best, between(a, b));
  EXPECT_GE(between(found[0], found[1]), best * (1 - 1e-4));
}

TEST(LargestComponent, FaceNeighboursOnly) {
  at::Tensor mask = at::zeros({3, 4, 5}, at::kBool);
  mask[0][0].slice(0, 0, 3).fill_(true);
  mask[1][1].slice(0, 3, 5).fill_(true);
  mask[2][1].slice(0, 3, 5).fill_(true);
  mask[0][0][2] = true;
  const at::Tensor largest = largest_component(mask);
  EXPECT_EQ(largest.sum().item<int64_t>(), 4);
  EXPECT_TRUE(largest[2][1][4].item<bool>());
  EXPECT_FALSE(largest_component(at::zeros({2, 2, 2}, at::kBool)).any().item<bool>());
}

TEST(OtsuBaseline, FindsABrightCube) {
  at::Tensor image = at::full({1, 20, 20, 20}, 100.0F), labels = at::zeros({20, 20, 20}, at::kInt);
  labels.slice(0, 5, 12).slice(1, 5, 12).slice(2, 5, 12).fill_(1);
  image[0].masked_fill_(labels == 1, 300.0F);
  image[0][18][18][18] = 300.0F;
  OtsuBaseline easy(2);
  easy.learn(image, labels);
  const at::Tensor found = easy.predict(image);
  const double cube_dice = 2.0 * ((found == 1).logical_and(labels == 1)).sum().item<double>() /
                           ((found == 1).sum() + (labels == 1).sum()).item<double>();
  EXPECT_EQ(cube_dice, 1);
}

/// The phantom is hard enough to need learning: the bound for this baseline is 0.6.
TEST(OtsuBaseline, StaysUnderSixTenthsOnThePhantom) {
  OtsuBaseline baseline(4);
  for (uint64_t i = 0; i < 8; ++i) {
    const auto made = datasets::make_phantom(44, 20, i);
    baseline.learn(made.image.data, made.labels.data);
  }
  double sum = 0;
  int count = 0;
  for (uint64_t i = 8; i < 16; ++i) {
    const auto made = datasets::make_phantom(44, 20, i);
    const at::Tensor found = baseline.predict(made.image.data);
    for (int label = 1; label < 4; ++label, ++count) {
      const at::Tensor a = found == label, b = made.labels.data == label;
      sum += 2 * a.logical_and(b).sum().item<double>() / (a.sum() + b.sum()).item<double>();
    }
  }
  const double dice = sum / count;
  EXPECT_LT(dice, 0.6);
  EXPECT_GT(dice, 0.1) << "the baseline is fair: it finds something";
  RecordProperty("mean_dice", std::to_string(dice));
}

}  // namespace
}  // namespace medvol::trainers
