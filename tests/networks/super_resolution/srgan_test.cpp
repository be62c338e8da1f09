#include "networks/super_resolution/srgan.h"

#include <gtest/gtest.h>

#include "framework/core/error.h"
#include "networks/blocks/upsampling.h"
#include "networks/super_resolution/register.h"
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
  return NetworkChoice(registry, "srgan").build(shape);
}

SrganOptions small(SrganNormalization normalization = SrganNormalization::batch) {
  return {.features = 6, .blocks = 2, .outer_kernel = 5, .normalization = normalization};
}

void check(const SrganOptions& options, const TaskShape& shape) {
  std::vector<std::vector<int64_t>> sizes{{5, 4, 7}, {3, 5, 6}};
  for (auto& size : sizes) size.resize(static_cast<size_t>(shape.dimensions));
  tests::check_network({.build = [&] { return std::make_shared<Srgan>(options, shape); },
                        .in_channels = shape.in_channels,
                        .out_channels = shape.out_channels,
                        .sizes = sizes});
}

// RGB, ×4: 9² convolution and slope 15,617; 16 blocks of 73,985; 36,992; two steps of 147,713; last 15,555.
TEST(Srgan, PublishedNetworkHasSoManyParameters) {
  EXPECT_EQ(build(task({4, 4}, 3))->parameter_count(), 15617 + 16 * 73985 + 36992 + 2 * 147713 + 15555);
}

TEST(Srgan, KeepsThePromisesOfANetwork) {
  check(small(), task({2, 2}, 2));
  check(small(SrganNormalization::instance), task({2, 2, 2}));
  check(small(SrganNormalization::none), task({4, 1, 1}));
  check(small(), task({4, 2, 1}));
  check(small(), task({3, 1, 1}));
  check(small(), task({1, 1, 1}));
}

TEST(Srgan, DoublesEachAxisWhereTheTaskSaysNothing) {
  TaskShape shape = task({2, 2, 2});
  shape.upsampling.clear();
  EXPECT_EQ(Srgan(small(), shape).upsampling(), (std::vector<int64_t>{2, 2, 2}));
}

TEST(Srgan, BeginsNearTheInterpolatedInput) {
  const torch::NoGradGuard no_grad;
  Srgan network(small(), task({4, 2, 1}));
  network.initialize(at::make_generator<at::CPUGeneratorImpl>(1));
  network.eval();
  const torch::Tensor x = tests::formula_input({1, 1, 5, 6, 7});
  const torch::Tensor linear = upsample_linear(x, {4, 2, 1});
  const double distance = ((network.forward(x).front() - linear).norm() / linear.norm()).item<double>();
  EXPECT_GT(distance, 0);
  EXPECT_LT(distance, 0.5);
}

TEST(Srgan, SubpixelsStartAlikeWithIcnr) {
  SrganOptions options = small();
  options.icnr = true;
  Srgan network(options, task({2, 1, 1}));
  network.initialize(at::make_generator<at::CPUGeneratorImpl>(1));
  const torch::Tensor weight = network.named_parameters()["up.0.conv.weight"];
  EXPECT_TRUE(weight.slice(0, 0, 12, 2).equal(weight.slice(0, 1, 12, 2)));
}

TEST(Srgan, ATraceHoldsForEverySize) {
  Srgan network(small(), task({4, 3, 1}));
  network.initialize(at::make_generator<at::CPUGeneratorImpl>(1));
  tests::expect_trace_holds(network, {1, 1, 4, 5, 6}, {2, 1, 7, 4, 3});
  Srgan flat(small(SrganNormalization::instance), task({2, 2}));
  flat.initialize(at::make_generator<at::CPUGeneratorImpl>(1));
  tests::expect_trace_holds(flat, {1, 1, 4, 5}, {2, 1, 7, 9});
}

TEST(Srgan, WhatDoesNotFitIsRefused) {
  EXPECT_THROW(Srgan({}, task({5, 1, 1})), core::UserError);
  EXPECT_THROW(Srgan({}, task({0, 1, 1})), core::UserError);
  EXPECT_THROW(Srgan({.outer_kernel = 4}, task({2, 2})), core::UserError);
  TaskShape shape = task({2, 2});
  shape.dimensions = 3;
  EXPECT_THROW(Srgan({}, shape), core::UserError);
  shape = task({2, 2});
  shape.out_channels = 2;
  EXPECT_THROW(Srgan(small(), shape), core::UserError);
  SrganOptions plain = small();
  plain.residual_interpolation = false;
  EXPECT_EQ(Srgan(plain, shape).forward(torch::randn({1, 1, 4, 4})).front().size(1), 2);
}

}  // namespace
}  // namespace medvol::networks
