#include "framework/parallel/scaling_model.h"

#include <gtest/gtest.h>

#include <cmath>

namespace medvol::parallel {
namespace {

TEST(ScalingModel, ARingsSumIsItsExchanges) {
  // Four ranks: six exchanges of a million bytes, each a millisecond of latency and one of travelling.
  EXPECT_DOUBLE_EQ(ring_seconds({1e-3, 1e9}, 4, 4e6), 12e-3);
  EXPECT_DOUBLE_EQ(ring_seconds({0, 1e9}, 2, 1e9), 1);
  EXPECT_EQ(ring_seconds({1e-3, 1e9}, 1, 4e6), 0);
  // Without latency, many ranks take at most twice the time of the bytes.
  EXPECT_NEAR(ring_seconds({0, 1e9}, 1000, 1e9), 2, 0.01);
}

TEST(ScalingModel, AFitFindsTheLinkAgain) {
  for (const int64_t ranks : {2, 4, 7}) {
    const Link link{3e-5, 2.5e9};
    std::vector<SumTime> measured;
    for (const double bytes : {1e3, 1e5, 1e6, 3e7}) measured.push_back({bytes, ring_seconds(link, ranks, bytes)});
    const Link found = fit_link(ranks, measured);
    EXPECT_NEAR(found.latency, link.latency, 1e-9);
    EXPECT_NEAR(found.bandwidth / link.bandwidth, 1, 1e-6);
  }
}

TEST(ScalingModel, AFitGivesNothingBelowZero) {
  // Two ranks: 2·latency + bytes/bandwidth. Large sums that are faster a byte than small ones ask for a latency below 0
  // when the small ones are slow a byte, and for a time a byte below 0 when size does not matter at all.
  const Link no_latency = fit_link(2, {{1e3, 1e-6}, {1e6, 4e-3}});
  EXPECT_EQ(no_latency.latency, 0);
  EXPECT_GT(no_latency.bandwidth, 1e6 / 4e-3);
  EXPECT_LT(no_latency.bandwidth, 1e3 / 1e-6);
  const Link latency_alone = fit_link(2, {{1e3, 2e-3}, {1e6, 1e-3}});
  EXPECT_GT(latency_alone.latency, 0.5e-3 / 1.01);
  EXPECT_TRUE(std::isinf(latency_alone.bandwidth));
}

constexpr Link slow{0, 1};  // two ranks: as many seconds as bytes

TEST(ScalingModel, WhatNobodyWaitsForIsHidden) {
  EXPECT_EQ(predict_step(2, {}, slow, 2).step, 2);
  EXPECT_EQ(predict_step(2, {}, slow, 2).hidden(), 1);
  const StepTime hidden = predict_step(2, {{0.5, 0.5, 1.5}}, slow, 2);
  EXPECT_EQ(hidden.step, 2);
  EXPECT_EQ(hidden.communication, 0.5);
  EXPECT_EQ(hidden.hidden(), 1);
  const StepTime alone = predict_step(2, {{100, 0.5, 0.5}}, slow, 1);
  EXPECT_EQ(alone.step, 2);
}

TEST(ScalingModel, SumsOfTheSameLinkGoOneAfterAnother) {
  // Two buckets, half a second each, from 0.5 and 0.75 on: the link is done at 1.5, backward at 1.
  const StepTime two = predict_step(1.25, {{0.5, 0.5, 1}, {0.5, 0.75, 1}}, slow, 2);
  EXPECT_EQ(two.communication, 1);
  EXPECT_EQ(two.waited, 0.5);
  EXPECT_EQ(two.step, 1.75);
  EXPECT_EQ(two.hidden(), 0.5);
}

TEST(ScalingModel, AWaitPutsOffAllThatFollows) {
  // A sum that is waited for at once, then a bucket that is ready 0.25 s before the step's end.
  const StepTime late = predict_step(1, {{0.5, 0.25, 0.25}, {0.5, 0.75, 1}}, slow, 2);
  EXPECT_EQ(late.waited, 0.75);
  EXPECT_EQ(late.step, 1.75);
  // Of the bucket a quarter of a second is hidden, of the other nothing.
  EXPECT_EQ(late.hidden(), 0.25);
}

}  // namespace
}  // namespace medvol::parallel
