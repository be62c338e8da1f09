#include "networks/weights/named_weights.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace medvol::networks
