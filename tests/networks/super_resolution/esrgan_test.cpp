#include "networks/super_resolution/esrgan.h"

#include <gtest/gtest.h>

#include "framework/core/error.h"
#include "networks/super_resolution/register.h"
#include "networks/super_resolution/upsampling_steps.h"
#include "tests/networks/support/dynamic_trace.h"
#include "tests/networks/support/network_contract.h"

namespace medvol::networks {
namespace {

TaskShape task(std::vector<int64_t> factors, int64_t channels = 1) {
  TaskShape shape;
  shape.dimensions = static_cast<int64_t>(factors.size());
  shape.in_channels = shape.out_channels = channels;
  shape.upsampling = std::move(factors);
  return shape;
}

std::shared_ptr<Network> build(const TaskShape& shape) {
  NetworkRegistry registry("network");
  register_super_resolution(registry);
  return NetworkChoice(registry, "esrgan").build(shape);
}

EsrganOptions small() { return {.features = 6, .blocks = 1, .growth = 4}; }

void check(const TaskShape& shape) {
  std::vector<std::vector<int64_t>> sizes{{5, 4, 7}, {3, 5, 6}};
  for (auto& size : sizes) size.resize(static_cast<size_t>(shape.dimensions));
  tests::check_network({.build = [&] { return std::make_shared<Esrgan>(small(), shape); },
                        .in_channels = shape.in_channels,
                        .out_channels = shape.out_channels,
                        .sizes = sizes});
}

// What the authors' RRDBNet(3, 3, 64, 23, 32) has at ×4: first 1,792; 69 dense blocks of 239,808; four 36,928; last
// 1,731.
TEST(Esrgan, PublishedNetworkHasSoManyParameters) {
  const auto network = build(task({4, 4}, 3));
  EXPECT_EQ(network->parameter_count(), 1792 + 69 * 239808 + 4 * 36928 + 1731);
  EXPECT_EQ(network->parameter_count(), 16697987);
  const auto parameters = network->named_parameters();
  for (const char* name : {"conv_first.bias", "body.22.rdb3.conv5.weight", "conv_body.weight", "conv_up2.weight",
                           "conv_hr.weight", "conv_last.bias"})
    EXPECT_TRUE(parameters.contains(name)) << name;
}

TEST(Esrgan, KeepsThePromisesOfANetwork) {
  check(task({2, 2}, 2));
  check(task({4, 1, 1}));
  check(task({4, 2, 1}));
  check(task({3, 1, 2}));
}

TEST(Esrgan, ATraceHoldsForEverySize) {
  Esrgan network(small(), task({4, 3, 1}));
  network.initialize(at::make_generator<at::CPUGeneratorImpl>(1));
  tests::expect_trace_holds(network, {1, 1, 4, 5, 6}, {2, 1, 7, 4, 3});
}

// All weights nought: what is left is the interpolation alone, of a constant the constant.
TEST(Esrgan, LearnsTheDifferenceFromTheInterpolation) {
  Esrgan network(small(), task({2, 2, 2}));
  EXPECT_TRUE(network.forward(torch::full({1, 1, 3, 4, 5}, 7.0)).front().eq(7.0).all().item<bool>());
  EsrganOptions plain = small();
  plain.residual_interpolation = false;
  EXPECT_TRUE(
      Esrgan(plain, task({2, 2, 2})).forward(torch::full({1, 1, 3, 4, 5}, 7.0)).front().eq(0.0).all().item<bool>());
}

TEST(Esrgan, WhatDoesNotFitIsRefused) {
  EXPECT_THROW(Esrgan({}, task({7, 1, 1})), core::UserError);
  TaskShape shape = task({2, 2});
  shape.out_channels = 2;
  EXPECT_THROW(Esrgan(small(), shape), core::UserError);
}

TEST(UpsamplingSteps, GoOnWithTheAxesThatNeedMore) {
  using Steps = std::vector<std::vector<int64_t>>;
  EXPECT_EQ(upsampling_steps({4, 2, 1}), (Steps{{2, 2, 1}, {2, 1, 1}}));
  EXPECT_EQ(upsampling_steps({3, 6}), (Steps{{3, 2}, {1, 3}}));
  EXPECT_EQ(upsampling_steps({1, 1, 1}), Steps{});
}

}  // namespace
}  // namespace medvol::networks
