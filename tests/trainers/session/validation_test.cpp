#include "trainers/session/validation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/trainers/support/tiny_training.h"

namespace medvol::trainers {
namespace {

using testing::ElementsAre;

/// Ids of the cases, which are their indices.
std::vector<std::string> ids(const WholeCases& cases) {
  std::vector<std::string> result;
  for (int64_t i = 0; i < cases.count; ++i) result.push_back(cases.read(i).id);
  return result;
}

TEST(SpreadEvenly, TakesSoManyAndAllWhenZero) {
  const WholeCases cases{7, [](int64_t index) { return WholeCase{std::to_string(index), {}, {}, {}, {}}; }};
  EXPECT_THAT(ids(spread_evenly(cases, 1)), ElementsAre("0"));
  EXPECT_THAT(ids(spread_evenly(cases, 3)), ElementsAre("0", "2", "4"));
  EXPECT_THAT(ids(spread_evenly(cases, 6)), ElementsAre("0", "1", "2", "3", "4", "5"));
  for (const int64_t all : {0, 7, 20}) EXPECT_THAT(ids(spread_evenly(cases, all)), testing::SizeIs(7));
}

/// Two cases whose image is label − 1, without noise.
WholeCases exact_cases() {
  return {2, [cases = tests::tiny_cases(0)](int64_t index) {
            WholeCase one = cases.read(index);
            one.image = (one.labels.to(torch::kFloat32) - 1).unsqueeze(0).to(torch::kHalf);
            return one;
          }};
}

/// Logits of the label nearest to value + 1.
torch::Tensor nearest_label(const torch::Tensor& x) {
  const torch::Tensor label = torch::arange(3, x.options()).view({1, 3, 1, 1, 1});
  return -(x + 1 - label).square();
}

ValidationResult validate(const WindowNetwork& network) {
  const plan::Plan plan = tests::tiny_plan();
  SegmentationEvaluator evaluator(Predictor(network, plan, {}, tests::cpu_context()), exact_cases(), plan,
                                  metrics::policy_by_name("nnunet"));
  EXPECT_EQ(evaluator.cases(), 2);
  return evaluator.validate({});
}

TEST(SegmentationEvaluator, ThePerfectSegmenterHasDiceOne) {
  const ValidationResult result = validate(nearest_label);
  EXPECT_EQ(result.measure, "mean_dice");
  EXPECT_EQ(result.score, 1);
  EXPECT_EQ(result.record.at("dice").at("2"), 1);
  EXPECT_EQ(result.record.at("missed"), 0);
  EXPECT_EQ(result.record.at("cases"), 2);
  EXPECT_EQ(result.scalars.at("dice_one"), 1);
}

TEST(SegmentationEvaluator, AMissedStructureCountsAsNought) {
  const ValidationResult result = validate([](const torch::Tensor& x) {
    torch::Tensor logits = nearest_label(x);
    logits.select(1, 2).fill_(-100);  // never the second label
    return logits;
  });
  EXPECT_EQ(result.record.at("dice").at("2"), 0);
  EXPECT_EQ(result.record.at("missed"), 2);
  EXPECT_LT(result.scalars.at("dice_one"), 1);  // it took the second's voxels
  EXPECT_NEAR(result.score, result.scalars.at("dice_one") / 2, 1e-12);
}

}  // namespace
}  // namespace medvol::trainers
