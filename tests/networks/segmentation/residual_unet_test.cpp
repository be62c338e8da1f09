#include "networks/segmentation/residual_unet.h"

#include <gtest/gtest.h>

#include "framework/core/error.h"
#include "networks/segmentation/register.h"
#include "tests/networks/support/network_contract.h"

namespace medvol::networks {
namespace {

using tests::task_shape;

std::shared_ptr<Network> build(const TaskShape& shape) {
  NetworkRegistry registry("network");
  register_segmentation(registry);
  return NetworkChoice(registry, "residual_unet").build(shape);
}

TaskShape anisotropic() {
  TaskShape shape = task_shape(3, {4, 8, 8}, 1, 4);
  shape.kernel_sizes[0] = {1, 3, 3};
  shape.strides[1] = shape.strides[2] = {1, 2, 2};
  return shape;
}

// dynamic-network-architectures 0.4.4: tests/networks/golden/residual_unet.py
TEST(ResidualUNet, EqualsResidualEncoderUNet) {
  tests::expect_equals_peer(*build(task_shape(3, {4, 8, 12}, 2)), 2, {12, 8, 16}, "residual_unet_3d.txt");
  tests::expect_equals_peer(*build(task_shape(2, {4, 8, 8, 16})), 1, {24, 32}, "residual_unet_2d.txt");
  ResidualUNet flat({.blocks_per_stage = {1, 2, 2}}, anisotropic());
  tests::expect_equals_peer(flat, 1, {3, 24, 16}, "residual_unet_anisotropic.txt");
}

TEST(ResidualUNet, ParameterCountOfTheResEncLPresetEqualsItsPeer) {
  EXPECT_EQ(build(task_shape(3, {32, 64, 128, 256, 320, 320}, 1, 2))->parameter_count(), 102349770);
}

TEST(ResidualUNet, TakesBlocksFromAPlanForIt) {
  TaskShape shape = task_shape(3, {4, 8, 12}, 1);
  const int64_t usual = build(shape)->parameter_count();
  shape.residual_blocks_per_stage = {1, 3, 4};
  shape.convolutions_per_stage_decoder = {1, 1};
  EXPECT_EQ(build(shape)->parameter_count(), usual);
  shape.residual_blocks_per_stage = {1, 1, 2};
  ResidualUNet same({.blocks_per_stage = {1, 1, 2}}, task_shape(3, {4, 8, 12}, 1));
  EXPECT_EQ(build(shape)->parameter_count(), same.parameter_count());
  EXPECT_LT(same.parameter_count(), usual);
}

TEST(ResidualUNet, KeepsThePromisesOfANetwork) {
  // A bias before an instance norm has no effect; a closed block keeps gradients from its first convolution.
  const auto without_effect = [](const std::string& name) { return name.ends_with("conv.bias"); };
  for (const auto& shape : {task_shape(3, {4, 8, 12}, 2), task_shape(2, {4, 8, 8, 16}, 2)})
    tests::check_network({.build = [&] { return build(shape); },
                          .in_channels = 2,
                          .without_effect = without_effect,
                          .gradients_by_formula = true});
  tests::check_network({.build = [] { return build(anisotropic()); },
                        .out_channels = 4,
                        .without_effect = without_effect,
                        .gradients_by_formula = true});
}

TEST(ResidualUNet, OneHeadWithoutDeepSupervision) {
  TaskShape shape = task_shape(2, {4, 8, 8});
  shape.deep_supervision = false;
  const auto network = build(shape);
  EXPECT_EQ(network->head_strides(), (std::vector<std::vector<int64_t>>{{1, 1}}));
  EXPECT_EQ(network->forward(torch::randn({1, 1, 8, 12})).size(), 1u);
}

TEST(ResidualUNet, BlocksBeginAsTheirShortcuts) {
  StackedResidualBlocks blocks(2, ConvolutionOptions{4, 4, {3, 3}, {1, 1}}, 0.01);
  initialize_convolutions(*blocks, at::make_generator<at::CPUGeneratorImpl>(1), 0.01);
  close_residual_blocks(*blocks);
  const torch::Tensor x = torch::rand({1, 4, 8, 8});  // positive: the leaky ReLU leaves it
  EXPECT_TRUE(blocks->forward(x).equal(x));
}

TEST(ResidualUNet, OptionsThatDoNotFitAreRefused) {
  const TaskShape shape = task_shape(3, {4, 8, 8});
  EXPECT_THROW(ResidualUNet({.features_per_stage = {4}}, shape), core::UserError);
  EXPECT_THROW(ResidualUNet({.features_per_stage = {4, 8, 16, 32}}, shape), core::UserError);
  EXPECT_THROW(ResidualUNet({.blocks_per_stage = {1, 2}}, shape), core::UserError);
  EXPECT_THROW(ResidualUNet({.convolutions_per_stage_decoder = {1, 1, 1}}, shape), core::UserError);
  EXPECT_THROW(ResidualUNet({.strides = {{2, 2, 2}, {2, 2, 2}, {2, 2, 2}}}, shape), core::UserError);
  EXPECT_THROW(build(shape)->forward(torch::randn({1, 1, 8, 9, 8})), core::UserError);
  EXPECT_EQ(ResidualUNet({.features_per_stage = {4, 8}}, shape).multiple_of(), (std::vector<int64_t>{2, 2, 2}));
}

}  // namespace
}  // namespace medvol::networks
