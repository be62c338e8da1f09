#include "networks/export/onnx.h"

#include <gtest/gtest.h>

#include "networks/export/onnx_file/onnx_bytes.h"
#include "networks/segmentation/unet.h"
#include "tests/networks/export/onnx_runtime.h"
#include "tests/networks/support/network_contract.h"

namespace medvol::networks {
namespace {

TEST(Onnx, SaysWhatItHolds) {
  const tests::TemporaryFolder folder;
  UNet network({}, tests::task_shape(3, {4, 8, 8}, 2, 3));
  write_onnx(network, {1, 2, 8, 8, 16}, folder / "unet.onnx", {.version = "1.2", .metadata = {{"medvol.json", "{}"}}});
  const OnnxSummary summary = summarize_onnx(tests::read_file(folder / "unet.onnx"), "");
  EXPECT_EQ(summary.opset, 17);
  EXPECT_EQ(summary.producer, "medvol 1.2");
  EXPECT_EQ(summary.metadata.at("medvol.json"), "{}");
  ASSERT_EQ(summary.inputs.size(), 1u);
  EXPECT_EQ(summary.inputs[0].name, "image");
  const std::vector<std::variant<int64_t, std::string>> in{"batch", int64_t{2}, "depth", "height", "width"};
  EXPECT_EQ(summary.inputs[0].dims, in);
  ASSERT_EQ(summary.outputs.size(), 1u);
  EXPECT_EQ(summary.outputs[0].name, "prediction");
  EXPECT_EQ(summary.outputs[0].dims[1], (std::variant<int64_t, std::string>(int64_t{3})));
  // Every parameter but those of the heads that only training uses.
  int64_t unused = 0;
  for (const auto& item : network.named_parameters())
    if (item.key().starts_with("decoder.seg_layers.0.")) unused += item.value().numel();
  EXPECT_EQ(summary.parameters, network.parameter_count() - unused);
}

}  // namespace
}  // namespace medvol::networks
