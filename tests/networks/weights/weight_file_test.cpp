#include "networks/weights/weight_file.h"

#include <gtest/gtest.h>

#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/linear.h>

#include "framework/core/error.h"
#include "framework/storage/tensor_archive.h"
#include "networks/weights/named_weights.h"
#include "tests/support/support.h"

namespace medvol::networks {
namespace {

std::filesystem::path golden(const std::string& name) {
  return tests::source_root() / "tests" / "networks" / "weights" / "golden" / name;
}

/// The one line with which a file is refused.
std::string refusal(const std::filesystem::path& path) {
  try {
    read_weight_file(path);
  } catch (const core::UserError& error) {
    const std::string text = error.what();
    EXPECT_EQ(text.find('\n'), std::string::npos);
    EXPECT_NE(text.find(path.string()), std::string::npos) << text;
    return text;
  }
  ADD_FAILURE() << path << " was read";
  return "";
}

const torch::Tensor expected_weight = torch::arange(6.0F).reshape({2, 3}).t();

TEST(WeightFile, ReadsAStateDictOfTorch) {
  for (const char* name : {"state.pt", "protocol4.pt"}) {
    const WeightFile file = read_weight_file(golden(name));
    ASSERT_EQ(file.tensors.size(), 2u);
    EXPECT_TRUE(file.tensors.at("weight").equal(expected_weight)) << file.tensors.at("weight");
    EXPECT_TRUE(file.tensors.at("bias").equal(torch::tensor({1.0F, 2.0F, 3.0F})));
    torch::nn::Linear layer(2, 3);
    EXPECT_TRUE(load_named_weights(*layer, file.tensors, name).complete());
    EXPECT_TRUE(layer->weight.equal(expected_weight));
  }
}

TEST(WeightFile, ReadsEveryTypeAndViews) {
  const auto tensors = read_weight_file(golden("typed.pt")).tensors;
  EXPECT_TRUE(tensors.at("half").equal(torch::tensor({0.5, -2.0}).to(torch::kHalf)));
  EXPECT_TRUE(tensors.at("bfloat").equal(torch::tensor({1.5, 3.0}).to(torch::kBFloat16)));
  EXPECT_TRUE(tensors.at("count").equal(torch::tensor(7, torch::kLong)));
  EXPECT_TRUE(tensors.at("mask").equal(torch::tensor({true, false})));
  EXPECT_TRUE(tensors.at("double").equal(torch::tensor({0.1F}).to(torch::kDouble)));
  EXPECT_EQ(tensors.at("empty").sizes(), (torch::IntArrayRef{0, 4}));
  EXPECT_TRUE(tensors.at("view").equal(torch::tensor({4.0F, 5.0F, 6.0F})));
}

TEST(WeightFile, FindsTheWeightsOfACheckpointAndTakesOffWrappers) {
  const WeightFile file = read_weight_file(golden("checkpoint.pt"));
  EXPECT_EQ(file.entry, "network_weights");
  EXPECT_EQ(file.stripped, "module._orig_mod.");
  ASSERT_EQ(file.tensors.size(), 2u);
  EXPECT_TRUE(file.tensors.at("weight").equal(expected_weight));
}

TEST(WeightFile, ASecondNameOfTheSameTensorIsNoSurplus) {
  torch::nn::Linear layer(2, 3);
  const MatchReport report = match_weights(*layer, read_weight_file(golden("tied.pt")).tensors);
  EXPECT_TRUE(report.complete()) << report.text();
  EXPECT_EQ(report.aliases, std::vector<std::string>{"decoder.weight"});
}

TEST(WeightFile, NeverExecutesCode) {
  const std::filesystem::path trace = "/tmp/medvol_evil";
  std::filesystem::remove(trace);
  const std::string text = refusal(golden("evil.pt"));
  EXPECT_NE(text.find("would execute code"), std::string::npos) << text;
  EXPECT_NE(text.find("posix.system"), std::string::npos) << text;
  EXPECT_FALSE(std::filesystem::exists(trace));
}

TEST(WeightFile, RefusesWhatItCannotRead) {
  const tests::TemporaryFolder folder;
  EXPECT_NE(refusal(golden("old_format.pt")).find("before torch 1.6"), std::string::npos);
  refusal(folder / "absent.pt");
  tests::write_file(folder / "text.pt", "no weights at all");
  refusal(folder / "text.pt");
  tests::write_file(folder / "empty.pt", "");
  refusal(folder / "empty.pt");
}

TEST(WeightFile, RefusesATruncatedFileAtEveryLength) {
  const tests::TemporaryFolder folder;
  const std::string whole = tests::read_file(golden("state.pt"));
  for (size_t length = 0; length < whole.size(); length += 97) {
    tests::write_file(folder / "cut.pt", whole.substr(0, length));
    refusal(folder / "cut.pt");
  }
}

TEST(WeightFile, ADamagedByteIsRefusedOrWithoutEffectOnOurMemory) {
  const tests::TemporaryFolder folder;
  const std::string whole = tests::read_file(golden("state.pt"));
  for (size_t i = 0; i < whole.size(); i += 13) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x41);
    tests::write_file(folder / "damaged.pt", damaged);
    try {
      for (const auto& [name, tensor] : read_weight_file(folder / "damaged.pt").tensors) tensor.sum();
    } catch (const core::UserError&) {
    }
  }
}

TEST(WeightFile, WritesWhatItReads) {
  const tests::TemporaryFolder folder;
  torch::nn::BatchNorm1d layer(4);
  write_weight_file(*layer, folder / "w.safetensors", {{"network", "norm"}});
  const auto tensors = read_weight_file(folder / "w.safetensors").tensors;
  EXPECT_EQ(tensors.size(), 5u);
  EXPECT_TRUE(match_weights(*layer, tensors).complete());
  EXPECT_EQ(storage::read_tensor_archive_metadata(folder / "w.safetensors").at("network"), "norm");
}

}  // namespace
}  // namespace medvol::networks
