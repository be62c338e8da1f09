#include "networks/weights/named_weights.h"

#include <gtest/gtest.h>

#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>

#include "framework/core/error.h"

namespace medvol::networks {
namespace {

TEST(NamedWeights, LoadWholeOrNotAtAll) {
  torch::nn::Linear layer(2, 3);
  const torch::Tensor before = layer->weight.clone();
  std::map<std::string, torch::Tensor> named{{"weight", torch::ones({3, 2})}, {"bias", torch::full({3}, 2.0)}};
  auto wrong = named;
  wrong.erase("bias");
  wrong["bais"] = torch::ones({3});
  try {
    load_named_weights(*layer, wrong, "w.safetensors");
    FAIL();
  } catch (const core::UserError& error) {
    const std::string text = error.what();
    for (const char* part : {"w.safetensors", "missing: bias", "not of this network: bais"})
      EXPECT_NE(text.find(part), std::string::npos) << text;
  }
  EXPECT_TRUE(layer->weight.equal(before));
  wrong = named;
  wrong["weight"] = torch::ones({2, 3});
  EXPECT_THROW(load_named_weights(*layer, wrong, ""), core::UserError);
  load_named_weights(*layer, named, "");
  EXPECT_TRUE(layer->weight.equal(torch::ones({3, 2})));
  EXPECT_EQ(layer->bias[1].item<float>(), 2);
}

TEST(NamedWeights, OnlyWhatMayDifferMayDiffer) {
  torch::nn::Sequential network(torch::nn::Linear(2, 3), torch::nn::Linear(3, 5));
  const torch::Tensor head = network[1]->as<torch::nn::Linear>()->weight.clone();
  const std::map<std::string, torch::Tensor> named{
      {"0.weight", torch::ones({3, 2})}, {"0.bias", torch::ones({3})}, {"1.weight", torch::ones({4, 3})}};
  EXPECT_THROW(load_named_weights(*network, named, ""), core::UserError);
  EXPECT_THROW(load_named_weights(*network, named, "", {"0"}), core::UserError);
  const MatchReport report = load_named_weights(*network, named, "", {"1."});
  EXPECT_EQ(report.loaded, (std::vector<std::string>{"0.bias", "0.weight"}));
  EXPECT_EQ(report.missing, std::vector<std::string>{"1.bias"});
  ASSERT_EQ(report.misshapen.size(), 1u);
  EXPECT_EQ(report.misshapen[0].given, (std::vector<int64_t>{4, 3}));
  EXPECT_NE(report.text().find("1.weight: the network has [5, 3], the file [4, 3]"), std::string::npos);
  EXPECT_TRUE(network[0]->as<torch::nn::Linear>()->weight.equal(torch::ones({3, 2})));
  EXPECT_TRUE(network[1]->as<torch::nn::Linear>()->weight.equal(head));
}

}  // namespace
}  // namespace medvol::networks
