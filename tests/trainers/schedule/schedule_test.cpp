#include "trainers/schedule/schedule.h"

#include <gtest/gtest.h>

#include <cmath>

namespace medvol::trainers {
namespace {

TEST(Schedule, Polynomial) {
  const Polynomial schedule({});
  EXPECT_EQ(schedule.factor(0), 1);
  EXPECT_DOUBLE_EQ(schedule.factor(0.5), std::pow(0.5, 0.9));
  EXPECT_EQ(schedule.factor(1), 0);
  EXPECT_EQ(schedule.factor(1.5), 0);
}

TEST(Schedule, WarmupCosine) {
  const WarmupCosine schedule({.warmup = 0.1, .start_factor = 0.2, .final_factor = 0.05});
  EXPECT_DOUBLE_EQ(schedule.factor(0), 0.2);
  EXPECT_DOUBLE_EQ(schedule.factor(0.05), 0.6);
  EXPECT_DOUBLE_EQ(schedule.factor(0.1), 1);
  EXPECT_NEAR(schedule.factor(0.55), 0.525, 1e-12);
  EXPECT_NEAR(schedule.factor(1), 0.05, 1e-12);
}

TEST(Schedule, TheRegistryHoldsThemAll) {
  ScheduleRegistry registry("schedule");
  register_schedules(registry);
  for (const std::string name : {"polynomial", "warmup_cosine", "constant"}) {
    const auto schedule = ScheduleChoice(registry, name).build();
    for (double progress = 0; progress <= 1; progress += 0.125) {
      EXPECT_GE(schedule->factor(progress), 0) << name;
      EXPECT_LE(schedule->factor(progress), 1) << name;
    }
  }
  EXPECT_EQ(ScheduleChoice(registry, "constant").build()->factor(0.7), 1);
}

}  // namespace
}  // namespace medvol::trainers
