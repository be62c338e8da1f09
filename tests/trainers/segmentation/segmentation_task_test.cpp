#include "trainers/segmentation/segmentation_task.h"

#include <gtest/gtest.h>

#include "tests/trainers/support/tiny_training.h"
#include "trainers/segmentation/register.h"

namespace medvol::trainers {
namespace {

using tests::TinyTraining;

TEST(SegmentationTask, IsBuiltByItsName) {
  TaskRegistry registry("trainer");
  register_segmentation(registry);
  TinyTraining around;
  const auto task = TaskChoice(registry, "segmentation").build(around.context());
  EXPECT_EQ(task->network_shape().features_per_stage, around.plan.topology.features_per_stage);
  EXPECT_EQ(task->network_shape().out_channels, 3);
  EXPECT_TRUE(task->hooks().empty());
  EXPECT_TRUE(task->measure({}).methods.empty());  // it makes label maps
}

TEST(SegmentationTask, AStepTakesTheContextsNetworkPatchesAndLoss) {
  for (const int64_t dimensions : {2, 3}) {
    TinyTraining around(dimensions);
    const TaskContext context = around.context();
    SegmentationTask task({}, context);
    const auto network = context.network(context.shape);
    network->train();
    const datasets::Batch batch = context.patches()->next();
    torch::Tensor images = batch.images, labels = batch.labels.to(torch::kInt64);
    if (dimensions == 2) images = images.squeeze(2), labels = labels.squeeze(1);
    const double expected = context.objective(*network)(network->forward(images), labels).item<double>();
    EXPECT_NEAR(tests::train(task, 0, 1, 1).loss, expected, 1e-6);
    bool moved = false;
    for (const auto& item : task.module().named_parameters())
      moved = moved || !item.value().equal(network->named_parameters()[item.key()]);
    EXPECT_TRUE(moved) << "the step trains another module";
  }
}

TEST(SegmentationTask, ResumesBitForBit) {
  for (const int64_t dimensions : {2, 3}) {
    TinyTraining around(dimensions);
    tests::expect_exact_resume(
        [&] { return std::make_unique<SegmentationTask>(SegmentationOptions{}, around.context()); });
  }
}

TEST(SegmentationTask, LearnsAndIsValidatedOnHeldOutCases) {
  TinyTraining around;
  SegmentationTask task({}, around.context());
  const double first = tests::train(task, 0, 1, 60).loss;
  EXPECT_LT(tests::train(task, 1, 59, 60).loss, first);
  const EvaluationScope evaluation(task.step());
  int64_t told = 0;
  const ValidationResult result = task.evaluator().validate([&](int64_t done) { told = done; });
  EXPECT_EQ(told, 2);
  EXPECT_EQ(result.measure, "mean_dice");
  EXPECT_GT(result.score, 0.5);
}

TEST(SegmentationTask, ValidatesOnAsManyCasesAsItIsAsked) {
  TinyTraining around;
  SegmentationOptions options;
  EXPECT_EQ(SegmentationTask(options, around.context()).evaluator().cases(), 2);
  options.validation_cases = 1;
  EXPECT_EQ(SegmentationTask(options, around.context()).evaluator().cases(), 1);
}

}  // namespace
}  // namespace medvol::trainers
