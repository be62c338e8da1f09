#include "networks/segmentation/segresnet.h"

#include <gtest/gtest.h>
#include <torch/script.h>

#include "framework/core/error.h"
#include "networks/export/torchscript.h"
#include "networks/segmentation/register.h"
#include "tests/networks/support/golden_names.h"
#include "tests/networks/support/network_contract.h"

namespace medvol::networks {
namespace {

TaskShape task(int64_t dimensions, int64_t channels = 1, int64_t classes = 3) {
  TaskShape shape;
  shape.dimensions = dimensions;
  shape.in_channels = channels;
  shape.out_channels = classes;
  return shape;
}

std::shared_ptr<Network> build(const TaskShape& shape) {
  NetworkRegistry registry("network");
  register_segmentation(registry);
  return NetworkChoice(registry, "segresnet").build(shape);
}

TEST(SegResNet, KeepsTheContractOfNetworksInTwoAndThreeDimensions) {
  for (const int64_t dimensions : {2, 3}) {
    tests::NetworkCheck check{.build = [dimensions] { return build(task(dimensions, 2)); }, .in_channels = 2};
    EXPECT_EQ(check.build()->multiple_of(), std::vector<int64_t>(static_cast<size_t>(dimensions), 8));
    tests::check_network(check);
  }
}

// tests/networks/golden/segresnet.py
TEST(SegResNet, OutputsAndCountsEqualMonais) {
  tests::expect_equals_peer(*build(task(2, 2)), 2, {24, 40}, "segresnet_2d.txt");
  tests::expect_equals_peer(*build(task(3, 2, 4)), 2, {16, 24, 8}, "segresnet_3d.txt");
  const SegResNetOptions other{.init_filters = 12, .blocks_down = {2, 1, 1}, .blocks_up = {2, 1}, .groups = 4};
  SegResNet network(other, task(3));
  tests::expect_equals_peer(network, 1, {12, 8, 20}, "segresnet_3d_other.txt");
}

TEST(SegResNet, NamesEqualMonais) { tests::expect_names_equal(*build(task(3)), "segresnet_names.txt"); }

TEST(SegResNet, TraceHoldsOnOtherSizes) {
  const tests::TemporaryFolder folder;
  const torch::NoGradGuard no_grad;
  for (const int64_t dimensions : {2, 3}) {
    const auto network = build(task(dimensions));
    network->initialize(at::make_generator<at::CPUGeneratorImpl>(2));
    std::vector<int64_t> traced{1, 1, 8, 8}, other{3, 1, 16, 24};
    if (dimensions == 3) traced.push_back(8), other.push_back(8);
    write_torchscript(*network, traced, folder / "network.pt", {});
    torch::jit::Module loaded = torch::jit::load((folder / "network.pt").string());
    const torch::Tensor x = torch::randn(other);
    EXPECT_TRUE(loaded.forward({x}).toTensor().equal(network->forward(x).front()));
  }
}

TEST(SegResNet, OptionsAndSizesThatDoNotFitAreRefused) {
  EXPECT_THROW(SegResNet({.init_filters = 12}, task(3)), core::UserError);
  EXPECT_THROW(SegResNet({.blocks_down = {1}, .blocks_up = {}}, task(3)), core::UserError);
  EXPECT_THROW(SegResNet({.blocks_up = {1, 1}}, task(3)), core::UserError);
  try {
    build(task(3))->forward(torch::zeros({1, 1, 8, 20, 8}));
    FAIL() << "a size of 20 was taken";
  } catch (const core::UserError& error) {
    EXPECT_STREQ(error.what(),
                 "segresnet: an input of [8, 20, 8], expected "
                 "multiples of [8, 8, 8] (pad it to [8, 24, 8])");
  }
  EXPECT_THROW(build(task(3))->forward(torch::zeros({1, 1, 8, 8})), core::UserError);
}

}  // namespace
}  // namespace medvol::networks
