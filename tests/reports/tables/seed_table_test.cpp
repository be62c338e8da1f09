#include "reports/tables/seed_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/core/error.h"

namespace medvol::reports {
namespace {

using testing::ElementsAre;

/// A finished run with a foreground Dice; HD95 is 10·(1 − Dice) mm, and IoU and accuracy were not measured.
RunRecord a_run(const std::string& name, const std::string& variant, double dice, int64_t steps = 100,
                double milliseconds = 50) {
  RunRecord run;
  run.name = name;
  run.outcome = run::Outcome{.variant = variant,
                             .seed = 1,
                             .network = "unet",
                             .parameters = 1234567,
                             .steps = steps,
                             .training_seconds = 60,
                             .milliseconds_per_case = milliseconds};
  run.evaluation.emplace();
  run.evaluation->foreground["dice"].mean = dice;
  run.evaluation->foreground["hd95"].mean = 10 * (1 - dice);
  return run;
}

std::vector<std::string> texts(const std::vector<Cell>& row) {
  std::vector<std::string> result;
  for (const Cell& cell : row) result.push_back(cell.text);
  return result;
}

TEST(SeedTable, AVariantIsOneRowOverItsSeeds) {
  const auto table = seed_table({a_run("unet,seed=1", "a", 0.8, 100, 40), a_run("vnet,seed=1", "b", 0.7),
                                 a_run("unet,seed=2", "a", 0.9, 103, 61)});
  ASSERT_TRUE(table);
  EXPECT_THAT(table->columns, ElementsAre("Run", "seeds", "Dice\u00a0↑", "IoU\u00a0↑", "Accuracy\u00a0↑",
                                          "HD95 (mm)\u00a0↓", "parameters", "steps", "ms/case"));
  ASSERT_EQ(table->rows.size(), 2u);
  // The sample deviation of two values is their difference over √2: 0.0707 and 0.707 mm.
  EXPECT_THAT(texts(table->rows[0]), ElementsAre("unet", "2", "0.850 ± 0.071", "n/a", "n/a", "1.50 ± 0.71",
                                                 "1\u2009234\u2009567", "102", "50"));
  EXPECT_THAT(texts(table->rows[1]),
              ElementsAre("vnet", "1", "0.700", "n/a", "n/a", "3.00", "1\u2009234\u2009567", "100", "50"));
  EXPECT_NEAR(table->rows[0][2].order.value(), 0.85, 1e-12);
}

TEST(SeedTable, RowsAreNamedWithoutTheSeed) {
  const auto table = seed_table({a_run("seed=12,network=unet", "a", 0.8), a_run("network=unet,seed=3,fold=1", "b", 0.8),
                                 a_run("seed=4", "c", 0.8), a_run("plain", "d", 0.8)});
  ASSERT_TRUE(table);
  std::vector<std::string> names;
  for (const auto& row : table->rows) names.push_back(row[0].text);
  EXPECT_THAT(names, ElementsAre("network=unet", "network=unet,fold=1", "run", "plain"));
}

TEST(SeedTable, UnfinishedAndUnmeasuredRunsAreLeftOut) {
  RunRecord unfinished = a_run("unet,seed=2", "a", 0.1), unmeasured = a_run("unet,seed=3", "a", 0.1);
  unfinished.outcome.reset();
  unmeasured.evaluation.reset();
  const auto table = seed_table({unfinished, a_run("unet,seed=1", "a", 0.8), unmeasured});
  ASSERT_TRUE(table);
  ASSERT_EQ(table->rows.size(), 1u);
  EXPECT_EQ(table->rows[0][1].text, "1");
  EXPECT_EQ(table->rows[0][2].text, "0.800");
  EXPECT_FALSE(seed_table({unfinished, unmeasured}));
  EXPECT_FALSE(seed_table({}));
}

/// A finished run of two methods with a ratio each, as measures.json tells it.
RunRecord a_measured_run(const std::string& name, const std::string& variant, double network, double linear) {
  RunRecord run = a_run(name, variant, 0);
  run.evaluation.reset();
  run.measures = {
      {"measures", {{{"name", "psnr"}, {"title", "PSNR (dB)"}, {"higher_is_better", true}, {"decimals", 2}}}},
      {"methods", {{"linear", {{"psnr", {{"mean", linear}}}}}, {"network", {{"psnr", {{"mean", network}}}}}}},
      {"gains", {{{"over", "linear"}, {"measure", "psnr"}, {"mean", network - linear}}}}};
  return run;
}

TEST(MeasureSeedTable, HasARowAVariantAndMethodAndTheGain) {
  const auto table =
      measure_seed_table({a_measured_run("gan,seed=1", "a", 28, 26), a_run("unet", "u", 0.8),
                          a_measured_run("gan,seed=2", "a", 29, 26), a_measured_run("pixels,seed=1", "b", 30, 26)});
  ASSERT_TRUE(table);
  EXPECT_THAT(table->columns, ElementsAre("Run", "method", "seeds", "PSNR (dB)\u00a0↑"));
  ASSERT_EQ(table->rows.size(), 6u);
  EXPECT_THAT(texts(table->rows[0]), ElementsAre("gan", "linear", "2", "26.00 ± 0.00"));
  EXPECT_THAT(texts(table->rows[1]), ElementsAre("gan", "network", "2", "28.50 ± 0.71"));
  EXPECT_THAT(texts(table->rows[2]), ElementsAre("gan", "difference to linear", "2", "2.50 ± 0.71"));
  EXPECT_THAT(texts(table->rows[5]), ElementsAre("pixels", "difference to linear", "1", "4.00"));
}

TEST(MeasureSeedTable, TakesOnlyRunsMeasuredAlike) {
  EXPECT_FALSE(measure_seed_table({a_run("unet", "u", 0.8)}));
  RunRecord other = a_measured_run("mesh", "m", 1, 2);
  other.measures["measures"][0]["name"] = "hd95";
  EXPECT_THROW(measure_seed_table({a_measured_run("gan", "a", 28, 26), other}), core::UserError);
}

}  // namespace
}  // namespace medvol::reports
