#include "trainers/segmentation/mix_up.h"

#include <gtest/gtest.h>

#include "tests/trainers/support/tiny_training.h"
#include "trainers/segmentation/segmentation_task.h"

namespace medvol::trainers {
namespace {

StepBatch numbered(int64_t samples, int64_t index = 0) {
  const torch::Tensor n = torch::arange(samples).view({samples, 1, 1, 1, 1});
  return {n.to(torch::kFloat32).expand({samples, 2, 2, 3, 4}), n.squeeze(1).expand({samples, 2, 3, 4}), index};
}

TEST(MixUp, MixesImagesAndNamesTheOthersTargets) {
  for (int64_t index = 0; index < 20; ++index) {
    const StepBatch mixed = mixed_up(numbered(4, index), {1, 1}, 5);
    ASSERT_TRUE(mixed.partner.defined());
    for (int64_t n = 0; n < 4; ++n) {
      const auto other = mixed.partner[n][0][0][0].item<double>();
      EXPECT_NE(other, double(n)) << "mixed with itself";
      const double expected = mixed.share * double(n) + (1 - mixed.share) * other;
      EXPECT_TRUE(torch::allclose(mixed.images[n], torch::full({2, 2, 3, 4}, expected)));
      EXPECT_EQ(mixed.target[n][1][2][3].item<int64_t>(), n);
    }
  }
}

TEST(MixUp, ShareFollowsTheBetaDistribution) {
  for (const double alpha : {0.2, 1.0, 2.0}) {
    const int64_t draws = 4000;
    double sum = 0, squares = 0;
    for (int64_t index = 0; index < draws; ++index) {
      const double share = mixed_up(numbered(2, index), {1, alpha}, 6).share;
      sum += share;
      squares += share * share;
    }
    const double mean = sum / double(draws), variance = squares / double(draws) - mean * mean;
    EXPECT_NEAR(mean, 0.5, 0.025) << alpha;
    EXPECT_NEAR(variance, 1 / (4 * (2 * alpha + 1)), 0.012) << alpha;
  }
}

TEST(MixUp, LeavesBatchesAloneAsOftenAsItSays) {
  int64_t mixed = 0;
  for (int64_t index = 0; index < 1000; ++index) mixed += mixed_up(numbered(2, index), {0.3, 1}, 7).partner.defined();
  EXPECT_NEAR(double(mixed), 300, 50);
  EXPECT_FALSE(mixed_up(numbered(1), {1, 1}, 7).partner.defined()) << "there is no other sample";
}

TEST(MixUp, TheLossIsMixedAsTheSamplesAre) {
  tests::TinyTraining around;
  const TaskContext context = around.context();
  SegmentationOptions options;
  options.mix_up = {1, 1};
  SegmentationTask task(options, context);
  const auto network = context.network(context.shape);
  network->train();
  const datasets::Batch batch = context.patches()->next();
  const StepBatch mixed =
      mixed_up({batch.images, batch.labels.to(torch::kInt64), batch.index}, options.mix_up, context.context.seed);
  ASSERT_TRUE(mixed.partner.defined());
  const auto objective = context.objective(*network);
  const auto heads = network->forward(mixed.images);
  const torch::Tensor expected =
      mixed.share * objective(heads, mixed.target) + (1 - mixed.share) * objective(heads, mixed.partner);
  EXPECT_NEAR(tests::train(task, 0, 1, 1).loss, expected.item<double>(), 1e-6);
}

TEST(MixUp, ResumesBitForBit) {
  tests::TinyTraining around;
  SegmentationOptions options;
  options.mix_up = {0.5, 1};
  tests::expect_exact_resume([&] { return std::make_unique<SegmentationTask>(options, around.context()); });
}

}  // namespace
}  // namespace medvol::trainers
