#include "networks/export/onnx_file/onnx_bytes.h"

#include <gtest/gtest.h>

#include "framework/core/error.h"

namespace medvol::networks {
namespace {

/// y = x · 2, of any number of rows of three.
OnnxModel doubling() {
  OnnxModel model;
  model.name = "Doubling";
  model.producer_version = "1.2";
  model.inputs = {{"x", OnnxType::float32, {"rows", int64_t{3}}}};
  model.outputs = {{"y", OnnxType::float32, {"rows", int64_t{3}}}};
  model.initializers = {{"two", OnnxType::float32, {1}, std::string("\0\0\0@", 4)}};
  model.nodes = {{"Mul", {"x", "two"}, {"y"}, {}}};
  model.metadata = {{"about", "a text"}};
  return model;
}

TEST(OnnxBytes, SayWhatWasWritten) {
  const OnnxSummary summary = summarize_onnx(onnx_bytes(doubling()), "");
  EXPECT_EQ(summary.opset, 17);
  EXPECT_EQ(summary.nodes, 1);
  EXPECT_EQ(summary.parameters, 1);
  EXPECT_EQ(summary.producer, "medvol 1.2");
  EXPECT_EQ(summary.metadata.at("about"), "a text");
  ASSERT_EQ(summary.inputs.size(), 1u);
  EXPECT_EQ(summary.inputs[0].name, "x");
  EXPECT_EQ(summary.inputs[0].type, OnnxType::float32);
  EXPECT_EQ(summary.inputs[0].dims, doubling().inputs[0].dims);
  ASSERT_EQ(summary.outputs.size(), 1u);
  EXPECT_EQ(summary.outputs[0].dims, doubling().outputs[0].dims);
}

TEST(OnnxBytes, ThatAreNoModelOrCutOffAreRefused) {
  const std::string whole = onnx_bytes(doubling());
  EXPECT_THROW(summarize_onnx("", "m.onnx"), core::UserError);
  EXPECT_THROW(summarize_onnx("no model", "m.onnx"), core::UserError);
  EXPECT_THROW(summarize_onnx(whole.substr(0, whole.size() - 9), "m.onnx"), core::UserError);
}

}  // namespace
}  // namespace medvol::networks
