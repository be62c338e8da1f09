#include "networks/segmentation/attention_unet.h"

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
  return NetworkChoice(registry, "attention_unet").build(shape);
}

TaskShape anisotropic() {
  TaskShape shape = task_shape(3, {4, 6, 8}, 1, 2);
  shape.strides[1] = shape.strides[2] = {1, 2, 2};
  return shape;
}

// MONAI 1.5.1: tests/networks/golden/attention_unet.py
TEST(AttentionUNet, EqualsMonai) {
  tests::expect_equals_peer(*build(task_shape(3, {4, 8, 12}, 2)), 2, {12, 8, 16}, "attention_unet_3d.txt");
  tests::expect_equals_peer(*build(task_shape(2, {4, 6, 8, 10}, 1, 4)), 1, {24, 40}, "attention_unet_2d.txt");
  tests::expect_equals_peer(*build(anisotropic()), 1, {3, 16, 24}, "attention_unet_anisotropic.txt");
}

TEST(AttentionUNet, NamesAndCountEqualMonai) {
  const auto network = build(task_shape(3, {16, 32, 64, 128, 256}, 1, 2));
  EXPECT_EQ(network->parameter_count(), 5909130);
  tests::expect_names_equal(*network, "attention_unet_names.txt");
}

TEST(AttentionUNet, KeepsThePromisesOfANetwork) {
  const auto check = [](const AttentionUNetOptions& options, const TaskShape& shape) {
    tests::check_network(
        {.build = [&] { return std::make_shared<AttentionUNet>(options, shape); },
         .in_channels = shape.in_channels,
         .out_channels = shape.out_channels,
         // Before a norm, which takes means away; heads have none.
         .without_effect =
             [](const std::string& name) { return name.ends_with("conv.bias") && name != "model.2.conv.bias"; }});
  };
  check({}, task_shape(3, {4, 8, 12}, 2));
  check({.deep_supervision = true}, task_shape(2, {4, 6, 8, 10}));
  TaskShape thick = anisotropic();
  thick.kernel_sizes[0] = {1, 3, 3};
  check({.deep_supervision = true}, thick);
}

TEST(AttentionUNet, DeepSupervisionNeedsTheOptionAndTheTask) {
  TaskShape shape = task_shape(3, {4, 6, 8, 10});
  EXPECT_EQ(build(shape)->head_strides().size(), 1u);
  EXPECT_EQ(AttentionUNet({.deep_supervision = true}, shape).head_strides(),
            (std::vector<std::vector<int64_t>>{{1, 1, 1}, {2, 2, 2}, {4, 4, 4}}));
  shape.deep_supervision = false;
  EXPECT_EQ(AttentionUNet({.deep_supervision = true}, shape).head_strides().size(), 1u);
}

TEST(AttentionGate, ScalesEveryVoxelByAWeightBetweenNoughtAndOne) {
  const torch::NoGradGuard no_grad;
  AttentionGate gate(3, 4, 2);
  gate->eval();
  tests::fill_by_formula(*gate);
  const torch::Tensor x = torch::rand({2, 4, 3, 4, 5}) + 1, g = torch::randn({2, 4, 3, 4, 5});
  const torch::Tensor weight = gate->forward(g, x) / x;
  EXPECT_GT(weight.min().item<float>(), 0);
  EXPECT_LT(weight.max().item<float>(), 1);
  EXPECT_LT((weight - weight.select(1, 0).unsqueeze(1)).abs().max().item<float>(), 1e-6) << "one for all channels";
  EXPECT_GT(weight.std().item<float>(), 0);
}

TEST(AttentionUNet, OptionsThatDoNotFitAreRefused) {
  const TaskShape shape = task_shape(3, {4, 8, 8});
  EXPECT_THROW(AttentionUNet({.features_per_stage = {4}}, shape), core::UserError);
  EXPECT_THROW(AttentionUNet({.features_per_stage = {4, 8, 16, 32}}, shape), core::UserError);
  EXPECT_THROW(AttentionUNet({.kernel_sizes = {{3, 3}, {3, 3}, {3, 3}}}, shape), core::UserError);
  EXPECT_THROW(build(shape)->forward(torch::randn({1, 1, 8, 8, 6})), core::UserError);
}

}  // namespace
}  // namespace medvol::networks
