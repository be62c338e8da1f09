#include "trainers/pretraining/pretraining_task.h"

#include <gtest/gtest.h>

#include "tests/trainers/support/tiny_training.h"
#include "trainers/pretraining/register.h"

namespace medvol::trainers {
namespace {

std::unique_ptr<Task> build(tests::TinyTraining& around, const PretrainingOptions& options = {}) {
  return std::make_unique<PretrainingTask>(options, around.context());
}

PretrainingOptions small_cubes() {
  PretrainingOptions options;
  options.cube = 2;
  options.mask_ratio = 0.5;
  return options;
}

TEST(Pretraining, IsBuiltByItsName) {
  TaskRegistry registry("trainer");
  register_pretraining(registry);
  tests::TinyTraining around;
  const auto task = TaskChoice(registry, "pretraining").build(around.context());
  EXPECT_EQ(task->network_shape().out_channels, 1);
  EXPECT_FALSE(task->network_shape().deep_supervision);
}

TEST(Pretraining, HiddenVoxelsAreZeroAndSeenOnesAsTheyWere) {
  const torch::Tensor images = torch::rand({3, 2, 8, 8, 8}) + 1;
  const StepBatch made = masked_batch({images, {}, 4}, small_cubes(), 9);
  const torch::Tensor mask = made.target.narrow(1, 2, 1);
  EXPECT_TRUE(made.target.narrow(1, 0, 2).equal(images));
  EXPECT_TRUE(made.images.equal(images * (1 - mask)));
  for (int64_t n = 0; n < 3; ++n) EXPECT_EQ(mask[n].mean().item<double>(), 0.5);
  EXPECT_FALSE(mask[0].equal(mask[1]));
  EXPECT_TRUE(masked_batch({images, {}, 4}, small_cubes(), 9).target.equal(made.target));
  EXPECT_FALSE(masked_batch({images, {}, 5}, small_cubes(), 9).target.equal(made.target));
}

TEST(Pretraining, TheDistanceIsTheMeanOverHiddenVoxels) {
  const torch::Tensor image = torch::zeros({1, 2, 1, 2, 2});
  const torch::Tensor prediction =
      torch::tensor({1.0f, 2.0f, 3.0f, 100.0f, -1.0f, -4.0f, 5.0f, 100.0f}).view({1, 2, 1, 2, 2});
  const torch::Tensor mask = torch::tensor({1.0f, 1.0f, 1.0f, 0.0f}).view({1, 1, 1, 2, 2});
  EXPECT_NEAR(masked_distance(prediction, image, mask, Distance::l2).item<double>(), (1 + 4 + 9 + 1 + 16 + 25) / 6.0,
              1e-5);
  EXPECT_NEAR(masked_distance(prediction, image, mask, Distance::l1).item<double>(), 16 / 6.0, 1e-6);
}

TEST(Pretraining, SeenVoxelsHaveNoInfluenceOnTheLoss) {
  const StepBatch made = masked_batch({torch::rand({2, 1, 8, 8, 8}), {}, 0}, small_cubes(), 1);
  const torch::Tensor mask = made.target.narrow(1, 1, 1);
  for (const Distance distance : {Distance::l2, Distance::l1}) {
    torch::Tensor head = torch::rand({2, 1, 8, 8, 8}).requires_grad_(true);
    const Objective objective = reconstruction_objective(distance);
    const torch::Tensor loss = objective({head}, made.target);
    loss.backward();
    EXPECT_EQ((head.grad() * (1 - mask)).abs().max().item<float>(), 0);
    EXPECT_GT((head.grad() * mask).abs().max().item<float>(), 0);
    EXPECT_EQ(objective({head + 7 * (1 - mask)}, made.target).item<float>(), loss.item<float>());
  }
}

TEST(Pretraining, RepeatsAndResumesBitForBit) {
  for (const int64_t dimensions : {2, 3}) {
    tests::TinyTraining around(dimensions);
    tests::expect_exact_resume([&] { return build(around, small_cubes()); });
  }
}

TEST(Pretraining, TheLossFallsAndTheReconstructionBeatsTheMean) {
  tests::TinyTraining around;
  const auto task = build(around, small_cubes());
  const double first = tests::train(*task, 0, 1, 120).loss;
  const double last = tests::train(*task, 1, 119, 120).loss;
  EXPECT_LT(last, 0.6 * first);
  const EvaluationScope evaluation(task->step());
  const ValidationResult result = task->evaluator().validate({});
  EXPECT_EQ(result.measure, "minus_l2");
  EXPECT_LT(-result.score, result.record.at("l2_of_mean").get<double>());
  EXPECT_EQ(task->evaluator().validate({}).score, result.score);  // always the same voxels are hidden
}

TEST(Pretraining, ValidatesSlicesOfATwoDimensionalPlan) {
  tests::TinyTraining around(2);
  PretrainingOptions options = small_cubes();
  options.distance = Distance::l1;
  const auto task = build(around, options);
  const EvaluationScope evaluation(task->step());
  const ValidationResult result = task->evaluator().validate({});
  EXPECT_EQ(result.measure, "minus_l1");
  EXPECT_TRUE(std::isfinite(result.score));
}

}  // namespace
}  // namespace medvol::trainers
