#include "networks/segmentation/recurrent_unet.h"

#include <gtest/gtest.h>
#include <torch/script.h>

#include "framework/core/error.h"
#include "networks/export/torchscript.h"
#include "networks/segmentation/register.h"
#include "tests/networks/support/network_contract.h"

namespace medvol::networks {
namespace {

/// Bias of a convolution that an instance norm follows.
bool normalised_away(const std::string& name) { return name.find("conv.bias") != std::string::npos; }

std::shared_ptr<Network> build(const TaskShape& shape) {
  NetworkRegistry registry("network");
  register_segmentation(registry);
  return NetworkChoice(registry, "recurrent_unet").build(shape);
}

TEST(RecurrentUNet, KeepsTheContractOfNetworksWithAnyNumberOfSlices) {
  for (const bool skips : {false, true}) {
    RecurrentUNetOptions options;
    options.recurrent_skips = skips;
    options.recurrent_layers = skips ? 2 : 1;
    const auto make = [options] {
      return std::make_shared<RecurrentUNet>(options, tests::task_shape(3, {4, 6, 8}, 2));
    };
    EXPECT_EQ(make()->multiple_of(), (std::vector<int64_t>{1, 4, 4}));
    EXPECT_EQ(make()->head_strides(), (std::vector<std::vector<int64_t>>{{1, 1, 1}, {1, 2, 2}}));
    tests::check_network({.build = make,
                          .in_channels = 2,
                          .sizes = {{5, 8, 12}, {2, 12, 8}, {1, 8, 8}},
                          .without_effect = normalised_away});
  }
}

// Convolutions with biases, and a scale and a shift for each channel of a block, one convolution a stage:
// encoder 1→4 (9·4 + 4 + 8 = 48), 4→6 (9·24 + 6 + 12 = 234);
// two ConvLSTMs 6→3 (9·6·12 + 12 + 9·3·12 = 984 each);
// up 6→4 with 1×2×2 (100); decoder 8→4 (9·32 + 4 + 8 = 300); head 4→3 (15).
TEST(RecurrentUNet, ParameterCountIsTheSumOfItsLayers) {
  TaskShape shape = tests::task_shape(3, {4, 6});
  shape.convolutions_per_stage_encoder = {1, 1};
  shape.convolutions_per_stage_decoder = {1};
  EXPECT_EQ(RecurrentUNet({}, shape).parameter_count(), 48 + 234 + 2 * 984 + 100 + 300 + 15);
  // Two more ConvLSTMs for the skip, 4→2: 9·4·8 + 8 + 9·2·8 = 440 each.
  EXPECT_EQ(RecurrentUNet({.recurrent_skips = true}, shape).parameter_count(),
            RecurrentUNet({}, shape).parameter_count() + 2 * 440);
}

TEST(RecurrentUNet, TakesThePartOfThePlanInTheSlice) {
  TaskShape shape = tests::task_shape(3, {4, 8, 8});
  shape.strides = {{1, 1, 1}, {2, 2, 1}, {1, 2, 2}};
  shape.kernel_sizes[0] = {3, 3, 1};
  const auto network = build(shape);
  EXPECT_EQ(network->multiple_of(), (std::vector<int64_t>{1, 4, 2}));
  EXPECT_EQ(network->named_parameters()["encoder.stages.0.convs.0.conv.weight"].sizes(),
            torch::IntArrayRef({4, 1, 1, 3, 1}));
  EXPECT_EQ(network->fixed_size(), shape.patch_size);
  EXPECT_EQ(network->forward(torch::zeros({1, 1, 3, 8, 2})).front().sizes(), torch::IntArrayRef({1, 3, 3, 8, 2}));
}

TEST(RecurrentUNet, TraceHoldsOnOtherBatchesAndPlaneSizes) {
  const tests::TemporaryFolder folder;
  const torch::NoGradGuard no_grad;
  const auto network = build(tests::task_shape(3, {4, 6, 8}));
  network->initialize(at::make_generator<at::CPUGeneratorImpl>(2));
  write_torchscript(*network, {1, 1, 4, 8, 8}, folder / "network.pt", {});
  torch::jit::Module loaded = torch::jit::load((folder / "network.pt").string());
  for (const std::vector<int64_t>& size : std::vector<std::vector<int64_t>>{{3, 1, 4, 8, 8}, {1, 1, 4, 16, 12}}) {
    const torch::Tensor x = torch::randn(size);
    EXPECT_TRUE(loaded.forward({x}).toTensor().equal(network->forward(x).front()));
  }
}

TEST(RecurrentUNet, PlansOptionsAndSizesThatDoNotFitAreRefused) {
  const TaskShape shape = tests::task_shape(3, {4, 8, 8});
  EXPECT_THROW(build(tests::task_shape(2, {4, 8, 8})), core::UserError);
  EXPECT_THROW(RecurrentUNet({.features_per_stage = {4}}, shape), core::UserError);
  EXPECT_THROW(RecurrentUNet({.convolutions_per_stage_decoder = {1}}, shape), core::UserError);
  EXPECT_THROW(RecurrentUNet({.recurrent_kernel_size = 2}, shape), core::UserError);
  EXPECT_THROW(build(shape)->forward(torch::zeros({1, 1, 3, 8, 6})), core::UserError);
  EXPECT_EQ(RecurrentUNet({.features_per_stage = {4, 8}}, shape).multiple_of(), (std::vector<int64_t>{1, 2, 2}));
}

}  // namespace
}  // namespace medvol::networks
