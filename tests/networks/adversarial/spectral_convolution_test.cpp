#include "networks/adversarial/spectral_convolution.h"

#include <ATen/autocast_mode.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "tests/networks/support/network_contract.h"

namespace medvol::networks {
namespace {

double largest_singular_value(const torch::Tensor& weight) {
  return torch::linalg_svdvals(weight.detach().flatten(1)).max().item<double>();
}

SpectralConvolution convolution(std::vector<int64_t> kernel, uint64_t seed = 1) {
  const std::vector<int64_t> ones(kernel.size(), 1);
  SpectralConvolution layer(ConvolutionOptions{3, 6, std::move(kernel), ones});
  const torch::NoGradGuard no_grad;
  torch::Tensor weight = layer->named_parameters()["weight_orig"];
  weight.copy_(torch::empty(weight.sizes()).normal_(0.0, 3.0, tests::contract::generator(seed)));
  layer->start(tests::contract::generator(seed + 1));
  return layer;
}

TEST(SpectralConvolution, LargestSingularValueOfItsWeightIsOne) {
  for (const auto& kernel : {std::vector<int64_t>{4, 4}, std::vector<int64_t>{3, 4, 4}}) {
    auto layer = convolution(kernel);
    EXPECT_GT(largest_singular_value(layer->named_parameters()["weight_orig"]), 2);
    for (int i = 0; i < 200; ++i) layer->normalized_weight();
    EXPECT_NEAR(largest_singular_value(layer->normalized_weight()), 1, 1e-3);
  }
}

TEST(SpectralConvolution, IteratesInTrainingOnly) {
  auto layer = convolution({4, 4});
  const auto buffers = layer->named_buffers();
  const torch::Tensor u = buffers["weight_u"].clone(), v = buffers["weight_v"].clone();
  const torch::Tensor x = torch::randn({1, 3, 5, 7});
  layer->eval();
  const torch::Tensor first = layer->forward(x);
  EXPECT_TRUE(first.equal(layer->forward(x)));
  EXPECT_TRUE(u.equal(buffers["weight_u"]));
  layer->train();
  layer->forward(x);
  EXPECT_FALSE(u.equal(buffers["weight_u"]));
  EXPECT_FALSE(v.equal(buffers["weight_v"]));
}

// What a checkpoint keeps is enough to go on with the same bits.
TEST(SpectralConvolution, GoesOnFromItsBuffers) {
  auto first = convolution({4, 4}), second = convolution({4, 4}, 8);
  for (int i = 0; i < 3; ++i) first->normalized_weight();
  {
    const torch::NoGradGuard no_grad;
    for (const auto& item : first->named_parameters()) second->named_parameters()[item.key()].copy_(item.value());
    for (const auto& item : first->named_buffers()) second->named_buffers()[item.key()].copy_(item.value());
  }
  EXPECT_TRUE(first->normalized_weight().equal(second->normalized_weight()));
}

// d/dW of ⟨G, W/σ(W)⟩ with σ = uᵀWv, u and v fixed: G/σ − ⟨G, W⟩/σ² · u vᵀ.
TEST(SpectralConvolution, GradientGoesThroughTheNorm) {
  auto layer = convolution({3, 3});
  const torch::Tensor weight = layer->named_parameters()["weight_orig"];
  const torch::Tensor normalized = layer->normalized_weight();
  const torch::Tensor g = torch::randn(weight.sizes());
  layer->normalized_weight();  // another pass before the backward one does not get into its way
  EXPECT_NO_THROW(torch::autograd::grad({(normalized * g).sum()}, {weight}));
  const torch::Tensor u = layer->named_buffers()["weight_u"], v = layer->named_buffers()["weight_v"];
  layer->eval();
  (g * layer->normalized_weight()).sum().backward();
  const torch::NoGradGuard no_grad;
  const torch::Tensor sigma = u.dot(weight.flatten(1).mv(v));
  const torch::Tensor expected =
      g / sigma - ((g * weight).sum() / sigma.square()) * torch::outer(u, v).view(weight.sizes());
  EXPECT_TRUE(torch::allclose(weight.grad(), expected, 1e-4, 1e-5));
}

TEST(SpectralConvolution, NormIsInFloat32UnderAutocast) {
  auto layer = convolution({4, 4});
  layer->eval();
  const torch::Tensor exact = layer->normalized_weight();
  const auto before = at::autocast::get_autocast_dtype(at::kCPU);
  at::autocast::set_autocast_enabled(at::kCPU, true);
  at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
  EXPECT_TRUE(layer->normalized_weight().equal(exact));
  EXPECT_EQ(layer->forward(torch::randn({1, 3, 5, 5})).scalar_type(), torch::kBFloat16);
  at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(at::kCPU, false);
  at::autocast::set_autocast_dtype(at::kCPU, before);
}

}  // namespace
}  // namespace medvol::networks
