#include "networks/blocks/conv_lstm.h"

#include <gtest/gtest.h>

#include <torch/nn/modules/rnn.h>

#include "tests/networks/support/network_contract.h"

namespace medvol::networks {
namespace {

/// W of a convolution at slices of one voxel: its centre [4·hidden, in].
torch::Tensor centre(const torch::Tensor& weight) { return weight.select(2, 0).select(2, 1).select(2, 1); }

// LibTorch's own LSTM, with this one's weights, over the slices as its sequence.
TEST(ConvLstm, IsALstmWhereSlicesAreOneVoxel) {
  const torch::NoGradGuard no_grad;
  BidirectionalConvLstm mine(ConvLstmOptions{3, 4});
  tests::fill_by_formula(*mine);
  mine->to(torch::kFloat64);
  torch::nn::LSTM peer(torch::nn::LSTMOptions(3, 4).bidirectional(true));
  peer->to(torch::kFloat64);
  const auto weights = mine->named_parameters();
  auto theirs = peer->named_parameters();
  for (const auto& [name, suffix] : {std::pair{"ahead", ""}, std::pair{"back", "_reverse"}}) {
    const std::string prefix(name), end(suffix);
    theirs["weight_ih_l0" + end].copy_(centre(weights[prefix + ".input.weight"]));
    theirs["weight_hh_l0" + end].copy_(centre(weights[prefix + ".hidden.weight"]));
    theirs["bias_ih_l0" + end].copy_(weights[prefix + ".input.bias"]);
    theirs["bias_hh_l0" + end].zero_();
  }
  const torch::Tensor sequence = tests::formula_input({7, 2, 3}).to(torch::kFloat64) * 5;  // [D, N, C]
  const torch::Tensor expected = std::get<0>(peer->forward(sequence));
  const torch::Tensor volume = sequence.permute({1, 2, 0}).reshape({2, 3, 7, 1, 1});
  const torch::Tensor states = mine->forward(volume).reshape({2, 8, 7}).permute({2, 0, 1});
  EXPECT_TRUE(states.allclose(expected, 1e-12, 1e-14)) << (states - expected).abs().max();
  EXPECT_GT(states.std(0).min().item<double>(), 1e-4) << "the states stand still: the test shows nothing";
}

TEST(ConvLstm, FlippedSlicesGiveFlippedStatesOfSwappedDirections) {
  const torch::NoGradGuard no_grad;
  BidirectionalConvLstm lstm(ConvLstmOptions{2, 3}), swapped(ConvLstmOptions{2, 3});
  for (const auto& child : lstm->children())
    child->as<ConvLstmImpl>()->initialize(at::make_generator<at::CPUGeneratorImpl>(4));
  tests::fill_by_formula(*lstm->children().back());
  auto target = swapped->named_parameters();
  for (const auto& item : lstm->named_parameters()) {
    const bool ahead = item.key().rfind("ahead", 0) == 0;
    target[ahead ? "back" + item.key().substr(5) : "ahead" + item.key().substr(4)].copy_(item.value());
  }
  const torch::Tensor x = tests::formula_input({2, 2, 5, 6, 4});
  const auto halves = lstm->forward(x).chunk(2, 1);
  const torch::Tensor mirrored = swapped->forward(x.flip(2)).flip(2);
  EXPECT_TRUE(mirrored.allclose(torch::cat({halves[1], halves[0]}, 1), 1e-5, 1e-6));
}

TEST(ConvLstm, EachDirectionSeesTheSlicesBehindItAlone) {
  ConvLstm lstm(ConvLstmOptions{1, 2});
  lstm->initialize(at::make_generator<at::CPUGeneratorImpl>(4));
  for (const bool reverse : {false, true}) {
    const torch::Tensor x = tests::formula_input({1, 1, 5, 4, 4}).requires_grad_();
    lstm->forward(x, reverse).select(2, 2).sum().backward();
    const torch::Tensor reach = x.grad().abs().amax({0, 1, 3, 4});
    for (int64_t slice = 0; slice < 5; ++slice) {
      const bool seen = reverse ? slice >= 2 : slice <= 2;
      EXPECT_EQ(reach[slice].item<float>() > 0, seen) << "slice " << slice << (reverse ? " reversed" : "");
    }
  }
}

TEST(ConvLstm, GradientsEqualFiniteDifferences) {
  ConvLstm lstm(ConvLstmOptions{1, 2});
  tests::fill_by_formula(*lstm);
  lstm->to(torch::kFloat64);
  const torch::Tensor x = tests::formula_input({1, 1, 3, 3, 3}).to(torch::kFloat64);
  const auto value = [&] { return lstm->forward(x).square().sum(); };
  value().backward();
  for (const auto& item : lstm->named_parameters()) {
    const torch::Tensor flat = item.value().data().view(-1), gradient = item.value().grad().reshape(-1);
    for (int64_t i = 0; i < flat.numel(); i += 7) {
      const double kept = flat[i].item<double>(), step = 1e-6;
      flat[i] = kept + step;
      const double above = value().item<double>();
      flat[i] = kept - step;
      const double below = value().item<double>();
      flat[i] = kept;
      EXPECT_NEAR(gradient[i].item<double>(), (above - below) / (2 * step), 1e-7) << item.key() << " " << i;
    }
  }
}

TEST(ConvLstm, InitialisationOpensTheForgetGate) {
  ConvLstm lstm(ConvLstmOptions{16, 16});
  lstm->initialize(at::make_generator<at::CPUGeneratorImpl>(4));
  const torch::Tensor bias = lstm->named_parameters()["input.bias"];
  EXPECT_TRUE(bias.slice(0, 16, 32).eq(1).all().item<bool>());
  EXPECT_EQ(bias.sum().item<float>(), 16);
  const double expected = 1 / std::sqrt(16.0 * 9);
  EXPECT_NEAR(lstm->named_parameters()["hidden.weight"].std().item<double>(), expected, 0.03 * expected);
}

}  // namespace
}  // namespace medvol::networks
