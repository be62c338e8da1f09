#include "networks/export/torchscript.h"

#include <gtest/gtest.h>
#include <torch/script.h>

#include "networks/segmentation/unet.h"
#include "tests/support/support.h"

namespace medvol::networks {
namespace {

UNet small_network(int64_t dimensions) {
  const auto axes = static_cast<size_t>(dimensions);
  TaskShape shape{.dimensions = dimensions, .in_channels = 2, .out_channels = 3, .features_per_stage = {4, 8, 8}};
  shape.kernel_sizes.assign(3, std::vector<int64_t>(axes, 3));
  shape.strides.assign(3, std::vector<int64_t>(axes, 2));
  shape.strides[0].assign(axes, 1);
  shape.convolutions_per_stage_encoder.assign(3, 1);
  shape.convolutions_per_stage_decoder.assign(2, 1);
  UNet network({}, shape);
  network.initialize(at::make_generator<at::CPUGeneratorImpl>(2));
  network.eval();
  return network;
}

TEST(TorchScript, GivesTheSameBitsOnOtherSizesThanTheTracedOne) {
  const tests::TemporaryFolder folder;
  const torch::NoGradGuard no_grad;
  for (const int64_t dimensions : {2, 3}) {
    UNet network = small_network(dimensions);
    std::vector<int64_t> traced{1, 2, 8, 8}, other{3, 2, 16, 12};
    if (dimensions == 3) traced.push_back(8), other.push_back(20);
    const auto path = folder / fmt::format("{}d.pt", dimensions);
    write_torchscript(network, traced, path, {{"about.txt", "a text"}});
    torch::jit::ExtraFilesMap extra{{"about.txt", ""}};
    torch::jit::Module loaded = torch::jit::load(path.string(), c10::kCPU, extra);
    EXPECT_EQ(extra["about.txt"], "a text");
    const torch::Tensor x = torch::randn(other);
    EXPECT_TRUE(loaded.forward({x}).toTensor().equal(network.forward(x).front()));
  }
}

TEST(TorchScript, KeepsTheNamesOfParameters) {
  const tests::TemporaryFolder folder;
  UNet network = small_network(3);
  write_torchscript(network, {1, 2, 8, 8, 8}, folder / "n.pt", {});
  std::map<std::string, torch::Tensor> saved;
  for (const auto& item : torch::jit::load((folder / "n.pt").string()).named_parameters())
    saved.emplace(item.name, item.value);
  for (const auto& item : network.named_parameters()) {
    ASSERT_TRUE(saved.count(item.key())) << item.key();
    EXPECT_TRUE(saved.at(item.key()).equal(item.value())) << item.key();
  }
}

}  // namespace
}  // namespace medvol::networks
