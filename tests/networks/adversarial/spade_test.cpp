#include "networks/adversarial/spade.h"

#include <gtest/gtest.h>

#include "framework/core/error.h"
#include "networks/adversarial/register.h"
#include "networks/adversarial/resolution_steps.h"
#include "tests/networks/support/dynamic_trace.h"
#include "tests/networks/support/network_contract.h"

namespace medvol::networks {
namespace {

using Steps = std::vector<std::vector<int64_t>>;

/// Four classes to one image, on a patch that no plan divides.
TaskShape task(std::vector<int64_t> patch, int64_t in_channels = 4) {
  TaskShape shape;
  shape.dimensions = static_cast<int64_t>(patch.size());
  shape.in_channels = in_channels;
  shape.out_channels = 1;
  shape.patch_size = std::move(patch);
  return shape;
}

SpadeOptions small(SpadeNormalization normalization = SpadeNormalization::batch) {
  return {.features = 4, .levels = 3, .hidden = 6, .normalization = normalization};
}

void check(const SpadeOptions& options, const TaskShape& shape, const std::vector<std::vector<int64_t>>& sizes) {
  tests::check_network(
      {.build = [&] { return std::make_shared<Spade>(options, shape); },
       .in_channels = shape.in_channels,
       .out_channels = shape.out_channels,
       .sizes = sizes,
       // A constant of a channel: the next norm takes it away.
       .without_effect =
           [](const std::string& name) { return name.ends_with("conv.bias") || name.ends_with("fc.bias"); }});
}

void expect_equals_monai(SpadeBlockOptions options, const std::vector<int64_t>& size, const std::string& golden) {
  const torch::NoGradGuard no_grad;
  options.axes = static_cast<int64_t>(size.size());
  options.labels = 3;
  options.hidden = 5;
  options.shared_slope = 0.01;  // MONAI's; the paper has ReLU
  SpadeBlock block(options);
  tests::fill_by_formula(*block);
  const auto input = [&](int64_t channels) {
    std::vector<int64_t> shape{1, channels};
    shape.insert(shape.end(), size.begin(), size.end());
    return tests::formula_input(shape);
  };
  tests::expect_matches_golden(block->forward(input(options.in_channels), input(3)), golden);
  int64_t count = 0;
  for (const torch::Tensor& parameter : block->parameters()) count += parameter.numel();
  EXPECT_EQ(count, static_cast<int64_t>(tests::read_golden(golden).at("parameters").at(0)));
}

// MONAI 1.5.1 without its norms after scales and shifts: tests/networks/golden/patchgan.py
TEST(Spade, BlockEqualsMonai) {
  expect_equals_monai({.in_channels = 6, .out_channels = 4}, {7, 9}, "spade_block_2d.txt");
  expect_equals_monai({.in_channels = 4, .out_channels = 4}, {4, 5, 6}, "spade_block_3d.txt");
}

// 3² kernels of the published generator for 256² images of 4 classes: a SPADE of c channels is 4→128 and twice 128→c.
TEST(Spade, PublishedNetworkHasSoManyParameters) {
  const auto conv = [](int64_t in, int64_t out) { return 9 * in * out + out; };
  const auto norm = [&](int64_t channels) { return conv(4, 128) + 2 * conv(128, channels); };
  const auto block = [&](int64_t in, int64_t out) {
    int64_t count = norm(in) + norm(out) + conv(in, out) + conv(out, out);
    if (in != out) count += norm(in) + in * out + out;
    return count;
  };
  NetworkRegistry registry("network");
  register_generators(registry);
  const auto network = NetworkChoice(registry, "spade").build(task({256, 256}));
  EXPECT_EQ(network->parameter_count(), conv(4, 1024) + 3 * block(1024, 1024) + block(1024, 512) + block(512, 256) +
                                            block(256, 128) + block(128, 64) + conv(64, 1));
  EXPECT_EQ(network->multiple_of(), (std::vector<int64_t>{32, 32}));
}

TEST(Spade, KeepsThePromisesOfANetwork) {
  check(small(), task({24, 40}), {{16, 24}, {8, 16}});
  check(small(SpadeNormalization::instance), task({8, 8, 12}), {{8, 12, 16}, {16, 8, 8}});
  SpadeOptions bounded = small();
  bounded.tanh = true;
  TaskShape noisy = task({5, 16, 12});
  noisy.noise_channels = 2;
  check(bounded, noisy, {{3, 16, 16}, {5, 8, 12}});  // the thin axis is odd: it keeps its size
}

TEST(Spade, NoiseChangesTheImageAndTheLabelsDoToo) {
  const torch::NoGradGuard no_grad;
  TaskShape shape = task({16, 16});
  shape.noise_channels = 1;
  Spade network(small(SpadeNormalization::instance), shape);
  network.initialize(at::make_generator<at::CPUGeneratorImpl>(3));
  const torch::Tensor x = torch::randn({1, 4, 16, 16});
  torch::Tensor other_noise = x.clone(), other_labels = x.clone();
  other_noise.select(1, 3).normal_();
  other_labels.select(1, 0).normal_();
  const torch::Tensor image = network.forward(x).front();
  EXPECT_GT((network.forward(other_noise).front() - image).abs().max().item<float>(), 1e-4);
  EXPECT_GT((network.forward(other_labels).front() - image).abs().max().item<float>(), 1e-4);
}

TEST(Spade, ATraceHoldsForEverySize) {
  Spade network(small(), task({8, 16, 16}));
  network.initialize(at::make_generator<at::CPUGeneratorImpl>(1));
  tests::expect_trace_holds(network, {1, 4, 8, 16, 16}, {2, 4, 16, 8, 24});
}

TEST(Spade, WhatDoesNotFitIsRefused) {
  TaskShape noise = task({16, 16});
  noise.noise_channels = 4;
  EXPECT_THROW(Spade(small(), noise), core::UserError);
  EXPECT_THROW(Spade(small(), task({15, 17})), core::UserError);
  EXPECT_THROW(Spade(small(), task({16, 16})).forward(torch::randn({1, 4, 12, 16})), core::UserError);
}

TEST(ResolutionSteps, FollowThePlanAsFarAsThePatchCanBeDivided) {
  TaskShape shape = task({20, 40, 56});
  EXPECT_EQ(resolution_steps(shape, 5, 2), (Steps{{2, 2, 2}, {2, 2, 2}, {1, 2, 2}}));
  EXPECT_EQ(resolution_steps(shape, 2, 2), (Steps{{2, 2, 2}, {2, 2, 2}}));
  EXPECT_EQ(resolution_steps(shape, 5, 8), (Steps{{2, 2, 2}, {1, 2, 2}}));
  shape.strides = {{1, 1, 1}, {1, 2, 2}, {2, 2, 2}};
  EXPECT_EQ(resolution_steps(shape, 5, 2), (Steps{{1, 2, 2}, {2, 2, 2}}));
  EXPECT_EQ(total_factor({{1, 2, 2}, {2, 2, 2}}, 3), (std::vector<int64_t>{2, 4, 4}));
  shape.patch_size.clear();
  EXPECT_EQ(resolution_steps(shape, 1, 2), (Steps{{1, 2, 2}}));
}

}  // namespace
}  // namespace medvol::networks
