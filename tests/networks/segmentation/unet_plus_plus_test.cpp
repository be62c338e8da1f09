#include "networks/segmentation/unet_plus_plus.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <limits>

#include "framework/core/error.h"
#include "networks/segmentation/register.h"
#include "tests/networks/support/golden_names.h"
#include "tests/networks/support/network_contract.h"

namespace medvol::networks {
namespace {

using tests::task_shape;

std::shared_ptr<Network> build(const TaskShape& shape) {
  NetworkRegistry registry("network");
  register_segmentation(registry);
  return NetworkChoice(registry, "unet_plus_plus").build(shape);
}

std::shared_ptr<Network> flat_of_five(UNetPlusPlusOptions options = {}) {
  return std::make_shared<UNetPlusPlus>(options, task_shape(2, {4, 6, 8, 8, 10}, 1, 4));
}

/// Whether the head of X(0,level) needs a parameter.
bool is_needed(const std::string& name, int level) {
  int i = 0, j = 0;
  if (std::sscanf(name.c_str(), "final_conv_0_%d", &j) == 1) return j == level;
  if (std::sscanf(name.c_str(), "conv_%d_0", &i) == 1) return i <= level;
  return std::sscanf(name.c_str(), "upcat_%d_%d", &i, &j) == 2 && i + j <= level;
}

// MONAI 1.5.1: tests/networks/golden/unet_plus_plus.py
TEST(UNetPlusPlus, EqualsBasicUNetPlusPlus) {
  UNetPlusPlus deep({.last_features = 5, .ensemble = false}, task_shape(3, {4, 6, 8, 8, 10}, 2));
  tests::expect_equals_peer(deep, 2, {32, 16, 48}, "unet_plus_plus_3d.txt");
  tests::expect_equals_peer(*flat_of_five({.ensemble = false}), 1, {48, 32}, "unet_plus_plus_2d.txt");
  const auto pruned = flat_of_five();
  pruned->prune(2);
  tests::expect_equals_peer(*pruned, 1, {48, 32}, "unet_plus_plus_2d_level2.txt");
}

TEST(UNetPlusPlus, NamesAndCountEqualBasicUNetPlusPlus) {
  const UNetPlusPlus network({.last_features = 32}, task_shape(3, {32, 32, 64, 128, 256}, 1, 2));
  EXPECT_EQ(network.parameter_count(), 6979976);
  tests::expect_names_equal(network, "unet_plus_plus_names.txt");
}

TEST(UNetPlusPlus, KeepsThePromisesOfANetwork) {
  const auto without_effect = [](const std::string& name) { return name.ends_with("conv.bias"); };
  tests::check_network({.build =
                            [] {
                              return build(task_shape(3, {4, 8, 8}, 2));
                            },
                        .in_channels = 2,
                        .without_effect = without_effect});
  tests::check_network({.build =
                            [] {
                              return build(task_shape(2, {4, 6, 8, 8, 10}));
                            },
                        .without_effect = without_effect});
  TaskShape anisotropic = task_shape(3, {4, 8, 8});
  anisotropic.kernel_sizes[0] = {1, 3, 3};
  anisotropic.strides[1] = {1, 2, 2};
  tests::check_network({.build = [&] { return build(anisotropic); }, .without_effect = without_effect});
  tests::check_network({.build =
                            [&] {
                              return std::make_shared<UNetPlusPlus>(
                                  UNetPlusPlusOptions{.upsampling = Upsampling::linear}, anisotropic);
                            },
                        .without_effect = without_effect});
}

TEST(UNetPlusPlus, HeadsAreOfFullSizeAndTheirMeanIsThePrediction) {
  const torch::NoGradGuard no_grad;
  const auto network = flat_of_five();
  tests::fill_by_formula(*network);
  EXPECT_EQ(network->head_strides(), std::vector<std::vector<int64_t>>(4, {1, 1}));
  const torch::Tensor x = tests::formula_input({1, 1, 16, 32});
  const auto heads = network->forward(x);
  ASSERT_EQ(heads.size(), 4u);
  network->eval();
  const torch::Tensor mean = torch::stack(heads).mean(0);
  EXPECT_TRUE(torch::allclose(network->forward(x).front(), mean, 1e-5, 1e-6));
  // Heads that deep supervision did not train have no vote.
  TaskShape shape = task_shape(2, {4, 6, 8, 8, 10}, 1, 4);
  shape.deep_supervision = false;
  const auto single = build(shape);
  tests::fill_by_formula(*single);
  EXPECT_EQ(single->forward(x).size(), 1u);
  single->eval();
  EXPECT_TRUE(single->forward(x).front().equal(heads.front()));
}

TEST(UNetPlusPlus, PrunedItIsTheHeadOfItsLevelAndTouchesNothingDeeper) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor x = tests::formula_input({1, 1, 16, 32});
  for (const int level : {1, 2, 3, 4}) {
    const auto network = flat_of_five();
    tests::fill_by_formula(*network);
    const torch::Tensor expected = network->forward(x)[static_cast<size_t>(4 - level)];
    network->prune(level);
    EXPECT_EQ(network->multiple_of(), std::vector<int64_t>(2, int64_t{1} << level));
    EXPECT_EQ(network->head_strides().size(), static_cast<size_t>(level));
    int64_t unneeded = 0;
    for (const auto& item : network->named_parameters())
      if (!is_needed(item.key(), level))
        item.value().fill_(std::numeric_limits<float>::quiet_NaN()), unneeded += item.value().numel();
    EXPECT_GT(unneeded, 0);
    network->eval();
    EXPECT_TRUE(network->forward(x).front().equal(expected)) << "level " << level;
  }
}

TEST(UNetPlusPlus, FiveStagesUnlessMoreAreAskedFor) {
  const TaskShape six = task_shape(2, {4, 4, 4, 4, 4, 4});
  EXPECT_EQ(build(six)->multiple_of(), (std::vector<int64_t>{16, 16}));
  EXPECT_EQ(UNetPlusPlus({.features_per_stage = {4, 4, 4, 4, 4, 4}}, six).multiple_of(),
            (std::vector<int64_t>{32, 32}));
}

TEST(UNetPlusPlus, WhatDoesNotFitIsRefused) {
  const TaskShape shape = task_shape(3, {4, 8, 8});
  EXPECT_THROW(UNetPlusPlus({.features_per_stage = {4}}, shape), core::UserError);
  EXPECT_THROW(UNetPlusPlus({.features_per_stage = {4, 8, 8, 8}}, shape), core::UserError);
  EXPECT_THROW(UNetPlusPlus({.strides = {{2, 2, 2}, {2, 2, 2}, {2, 2, 2}}}, shape), core::UserError);
  EXPECT_THROW(build(shape)->prune(0), core::UserError);
  EXPECT_THROW(build(shape)->prune(3), core::UserError);
  EXPECT_THROW(build(shape)->forward(torch::randn({1, 1, 8, 8, 10})), core::UserError);
}

}  // namespace
}  // namespace medvol::networks
