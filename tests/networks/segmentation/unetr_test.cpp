#include "networks/segmentation/unetr.h"

#include <gtest/gtest.h>
#include <torch/script.h>

#include "framework/core/error.h"
#include "networks/export/torchscript.h"
#include "networks/segmentation/register.h"
#include "tests/networks/support/golden_names.h"
#include "tests/networks/support/network_contract.h"

namespace medvol::networks {
namespace {

const UnetrOptions small{.feature_size = 8, .hidden_size = 48, .mlp_dim = 64, .num_heads = 4};

TaskShape task(std::vector<int64_t> patch, int64_t channels = 1, int64_t classes = 3) {
  TaskShape shape;
  shape.dimensions = static_cast<int64_t>(patch.size());
  shape.in_channels = channels;
  shape.out_channels = classes;
  shape.patch_size = std::move(patch);
  return shape;
}

std::string refusal(const std::function<void()>& action) {
  try {
    action();
  } catch (const core::UserError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Unetr, KeepsTheContractOfNetworksInTwoAndThreeDimensions) {
  for (const std::vector<int64_t>& patch : std::vector<std::vector<int64_t>>{{32, 48}, {16, 48, 32}}) {
    tests::NetworkCheck check{.build = [patch] { return std::make_shared<Unetr>(small, task(patch, 2)); },
                              .in_channels = 2};
    EXPECT_EQ(check.build()->multiple_of(), patch);
    EXPECT_EQ(check.build()->fixed_size(), patch);
    tests::check_network(check);
  }
}

// tests/networks/golden/unetr.py
TEST(Unetr, OutputsCountsAndNamesEqualMonais) {
  Unetr plane(small, task({32, 48}, 2)), volume(small, task({32, 48, 16}));
  tests::expect_names_equal(plane, "unetr_names.txt");
  tests::expect_names_equal(volume, "unetr_names.txt");
  tests::expect_equals_peer(plane, 2, {32, 48}, "unetr_2d.txt");
  tests::expect_equals_peer(volume, 1, {32, 48, 16}, "unetr_3d.txt");
}

// The same script's; the paper counts 92.58 million.
TEST(Unetr, DefaultsHaveThePapersWidths) {
  NetworkRegistry registry("network");
  register_segmentation(registry);
  EXPECT_EQ(NetworkChoice(registry, "unetr").build(task({96, 96, 96}, 1, 2))->parameter_count(), 92783842);
}

// The last token's attention row is that of a softmax over all tokens, written out in double.
TEST(Unetr, AttentionIsASoftmaxOfScaledProducts) {
  SelfAttention attention(6, 2);
  tests::fill_by_formula(*attention);
  attention->to(torch::kFloat64);
  const torch::Tensor x = tests::formula_input({1, 5, 6}).to(torch::kFloat64) * 30;
  const auto parameters = attention->named_parameters();
  const torch::Tensor qkv = x[0].matmul(parameters["qkv.weight"].t());
  std::vector<torch::Tensor> heads;
  for (int64_t head = 0; head < 2; ++head) {
    const auto part = [&](int64_t which) { return qkv.slice(1, 6 * which + 3 * head, 6 * which + 3 * head + 3); };
    const torch::Tensor weights = (part(0).matmul(part(1).t()) / std::sqrt(3.0)).exp();
    EXPECT_GT((weights.amax() / weights.amin()).item<double>(), 1.5) << "the attention is flat: the test shows nothing";
    heads.push_back((weights / weights.sum(1, true)).matmul(part(2)));
  }
  const torch::Tensor expected =
      torch::cat(heads, 1).matmul(parameters["out_proj.weight"].t()) + parameters["out_proj.bias"];
  EXPECT_TRUE(attention->forward(x)[0].allclose(expected, 1e-10, 1e-12));
}

TEST(Unetr, TraceHoldsOnOtherBatches) {
  const tests::TemporaryFolder folder;
  const torch::NoGradGuard no_grad;
  Unetr network(small, task({32, 16, 32}));
  network.initialize(at::make_generator<at::CPUGeneratorImpl>(2));
  write_torchscript(network, {1, 1, 32, 16, 32}, folder / "network.pt", {});
  torch::jit::Module loaded = torch::jit::load((folder / "network.pt").string());
  const torch::Tensor x = torch::randn({3, 1, 32, 16, 32});
  EXPECT_TRUE(loaded.forward({x}).toTensor().equal(network.forward(x).front()));
}

TEST(Unetr, OtherSizesAndOptionsThatDoNotFitAreRefused) {
  EXPECT_EQ(refusal([] {
              Unetr({}, task({40, 56, 32}));
            }),
            "plan.patch_size: [40, 56, 32] is no multiple of 16, the size of unetr's tokens ([48, 64, 32] would fit)");
  EXPECT_EQ(refusal([] { Unetr({}, TaskShape{}); }),
            "plan.patch_size: unetr takes one size alone and the plan gives no patch (3 sizes, multiples of 16)");
  EXPECT_EQ(
      refusal([] {
        Unetr(small, task({32, 32})).forward(torch::zeros({1, 1, 32, 48}));
      }),
      "unetr: an input of [32, 48], expected [32, 32] (it takes the plan's patch alone: pad to it, or go over the "
      "image in windows of it)");
  EXPECT_THROW(Unetr({.hidden_size = 50, .num_heads = 4}, task({32, 32})), core::UserError);
  EXPECT_THROW(Unetr({.layers = 6}, task({32, 32})), core::UserError);
}

}  // namespace
}  // namespace medvol::networks
