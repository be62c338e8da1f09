#include "trainers/session/progress.h"

#include <gtest/gtest.h>

#include "framework/core/error.h"

namespace medvol::trainers {
namespace {

TEST(Progress, TheFirstLimitCounts) {
  LengthOptions length{
      .max_epochs = 4, .max_steps = 100, .max_time = core::Length::parse("10m"), .steps_per_epoch = 50};
  Progress progress;
  progress.step = 50;
  progress.seconds = 60;
  EXPECT_DOUBLE_EQ(progress.fraction(length), 0.5);
  progress.seconds = 450;
  EXPECT_DOUBLE_EQ(progress.fraction(length), 0.75);
  EXPECT_FALSE(progress.finished(length));
  progress.step = 100;
  EXPECT_TRUE(progress.finished(length));
  EXPECT_EQ(progress.epoch(length), 2);
}

TEST(Progress, EveryFieldSurvivesJson) {
  Progress progress;
  progress.step = 7;
  progress.next_batch = 15;
  progress.seconds = 1.0 / 3;
  progress.validated_step = 5;
  progress.validated_seconds = 0.1;
  progress.best_score = 0.875;
  progress.best_step = 5;
  progress.validations_without_gain = 2;
  progress.divergences = 1;
  progress.learning_rate_scale = 0.5;
  progress.skipped_batches = {3, 4};
  progress.smoothed_loss = -0.25;
  const nlohmann::json json = nlohmann::json::parse(progress.to_json().dump());
  EXPECT_EQ(Progress::from_json(json).to_json(), progress.to_json());
  for (const auto& [key, value] : json.items()) {
    nlohmann::json torn = json;
    torn.erase(key);
    EXPECT_THROW(Progress::from_json(torn), core::UserError) << key;
  }
}

TEST(Crossed, PeriodsFireOnCrossingInTheirOwnUnit) {
  const auto every = [](const char* text) { return core::Length::parse(text); };
  EXPECT_TRUE(crossed(every("100"), 50, 99, 100, 0, 0));
  EXPECT_FALSE(crossed(every("100"), 50, 100, 199, 0, 0));
  EXPECT_TRUE(crossed(every("100"), 50, 99, 205, 0, 0));
  EXPECT_TRUE(crossed(every("1e"), 50, 49, 50, 0, 0));
  EXPECT_TRUE(crossed(every("0.5e"), 50, 24, 25, 0, 0));
  EXPECT_TRUE(crossed(every("1m"), 50, 0, 0, 30, 90));
  EXPECT_FALSE(crossed(every("1m"), 50, 0, 1000, 30, 89));
  EXPECT_FALSE(crossed(every("0"), 50, 0, 1000, 0, 1000));
}

}  // namespace
}  // namespace medvol::trainers
