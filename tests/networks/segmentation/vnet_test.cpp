#include "networks/segmentation/vnet.h"

#include <gtest/gtest.h>

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
  return NetworkChoice(registry, "vnet").build(shape);
}

/// As many convolutions as MONAI has.
VNetOptions like_monai(VNetActivation activation) {
  return {.convolutions_per_stage_encoder = {1, 2, 3, 2},
          .convolutions_per_stage_decoder = {2, 2, 1, 1},
          .activation = activation};
}

/// Fast: few channels, three stages.
VNetOptions small(VNetActivation activation = VNetActivation::prelu) {
  return {.features_per_stage = {4, 6, 8},
          .convolutions_per_stage_encoder = {1, 2},
          .convolutions_per_stage_decoder = {2, 1},
          .activation = activation};
}

// MONAI 1.5.1: tests/networks/golden/vnet.py
TEST(VNet, EqualsMonaiWithItsNumbersOfConvolutions) {
  VNet deep(like_monai(VNetActivation::elu), task_shape(3, {32, 64, 128, 256, 320}, 1, 2));
  tests::expect_equals_peer(deep, 1, {16, 16, 32}, "vnet_3d.txt");
  VNet flat(like_monai(VNetActivation::prelu), task_shape(2, {32, 64, 128, 256, 512, 512}, 4));
  tests::expect_equals_peer(flat, 4, {48, 32}, "vnet_2d.txt");
}

TEST(VNet, NamesEqualMonai) {
  tests::expect_names_equal(VNet(like_monai(VNetActivation::prelu), task_shape(3, {1, 1, 1, 1, 1}, 1, 2)),
                            "vnet_names.txt");
}

// 5³·C²: two 32, three 64, three 128, three 256 wide ones down; three 256, three 128, two 64, one 32 up. Then the
// first, the last, those that resample, and norms and slopes.
TEST(VNet, PublishedConvolutionsAreCounted) {
  int64_t wide = 0, kernels = 0;
  const auto network = build(task_shape(3, {32, 64, 128, 256, 320}, 1, 2));
  for (const auto& item : network->named_parameters()) {
    if (item.key().find("ops.") == std::string::npos || item.value().dim() != 5) continue;
    ++kernels;
    wide += item.value().numel();
  }
  EXPECT_EQ(kernels, 2 + 3 + 3 + 3 + 3 + 3 + 2 + 1);
  const auto squares = [](int64_t count, int64_t channels) { return 125 * count * channels * channels; };
  EXPECT_EQ(wide, squares(2, 32) + squares(3, 64) + squares(3, 128) + squares(3, 256) + squares(3, 256) +
                      squares(3, 128) + squares(2, 64) + squares(1, 32));
}

TEST(VNet, KeepsThePromisesOfANetwork) {
  const auto without_effect = [](const std::string& name) { return name.ends_with("up_conv.bias"); };
  const auto check = [&](const VNetOptions& options, const TaskShape& shape) {
    tests::check_network({.build = [&] { return std::make_shared<VNet>(options, shape); },
                          .in_channels = shape.in_channels,
                          .without_effect = without_effect});
  };
  check(small(), task_shape(3, {8, 8, 8}));
  check(small(VNetActivation::elu), task_shape(2, {8, 8, 8}, 3));  // 4 channels of 3: one is repeated
  TaskShape anisotropic = task_shape(3, {8, 8, 8}, 2);
  anisotropic.kernel_sizes[0] = {1, 3, 3};
  anisotropic.strides[1] = {1, 2, 2};
  check(small(), anisotropic);
}

TEST(VNet, TakesAsManyStagesAndSuchStridesAsThePlanHas) {
  TaskShape shape = task_shape(3, {32, 64, 128, 256});
  shape.strides[1] = {1, 2, 2};
  shape.kernel_sizes[0] = {1, 3, 3};
  const auto network = build(shape);
  EXPECT_EQ(network->multiple_of(), (std::vector<int64_t>{4, 8, 8}));
  const auto parameters = network->named_parameters();
  EXPECT_EQ(parameters["in_tr.conv_block.conv.weight"].sizes(), torch::IntArrayRef({16, 1, 1, 5, 5}));
  EXPECT_EQ(parameters["down_tr32.down_conv.weight"].sizes(), torch::IntArrayRef({32, 16, 1, 2, 2}));
  EXPECT_FALSE(parameters.contains("down_tr256.down_conv.weight"));
}

TEST(VNet, RunningMomentsAreThoseOfTheBatches) {
  VNet network(small(), task_shape(2, {8, 8, 8}));
  network.initialize(at::make_generator<at::CPUGeneratorImpl>(1));
  network.forward(torch::randn({2, 1, 8, 8}));
  const auto buffers = network.named_buffers();
  EXPECT_EQ(buffers["down_tr32.bn1.num_batches_tracked"].item<int64_t>(), 1);
  EXPECT_GT(buffers["down_tr32.bn1.running_mean"].abs().max().item<float>(), 0);
}

TEST(VNet, OptionsThatDoNotFitAreRefused) {
  const TaskShape shape = task_shape(3, {8, 8, 8});
  EXPECT_THROW(VNet({.features_per_stage = {4}}, shape), core::UserError);
  EXPECT_THROW(VNet({.features_per_stage = {4, 8, 16, 32}}, shape), core::UserError);
  EXPECT_THROW(VNet({.convolutions_per_stage_encoder = {1, 2, 3}}, shape), core::UserError);
  EXPECT_THROW(VNet({.convolutions_per_stage_decoder = {1}}, shape), core::UserError);
  EXPECT_THROW(build(shape)->forward(torch::randn({1, 1, 8, 8, 6})), core::UserError);
}

}  // namespace
}  // namespace medvol::networks
