#include "networks/graph/graph_refiner.h"

#include <ATen/autocast_mode.h>
#include <gtest/gtest.h>

#include "networks/graph/register.h"
#include "tests/networks/support/network_contract.h"

namespace medvol::networks {
namespace {

using tests::contract::generator;

/// A ring of `count` vertices, each joined to the next, in both directions.
torch::Tensor ring(int64_t count) {
  const torch::Tensor from = torch::arange(count), to = (from + 1).remainder(count);
  return torch::stack({torch::cat({from, to}), torch::cat({to, from})});
}

std::shared_ptr<MeshNetwork> build(int64_t features, uint64_t seed = 1) {
  MeshNetworkRegistry registry("mesh network");
  register_graph(registry);
  auto network = MeshNetworkChoice(registry, "graph_refiner").build({.in_features = features});
  network->initialize(generator(seed));
  return network;
}

std::shared_ptr<GraphRefiner> small(int64_t features = 5) {
  auto network = std::make_shared<GraphRefiner>(GraphRefinerOptions{.width = 16, .blocks = 2}, MeshShape{features});
  network->initialize(generator(2));
  return network;
}

torch::Tensor random(std::vector<int64_t> shape, uint64_t seed = 3) {
  return torch::empty(shape).normal_(0, 1, generator(seed));
}

TEST(GraphConvolution, ClosedForm) {
  GraphConvolution convolution(1, 1);
  const torch::NoGradGuard no_grad;
  convolution->named_parameters()["self"].fill_(10);
  convolution->named_parameters()["neighbours"].fill_(1);
  convolution->named_parameters()["bias"].fill_(0.5);
  const torch::Tensor x = torch::tensor({1., 2., 4., 7.}).view({4, 1}).to(torch::kFloat32);
  const torch::Tensor edges = torch::tensor({1, 2, 0, 0, /* to */ 0, 0, 1, 2}, torch::kInt64).view({2, 4});
  const torch::Tensor y = convolution->forward(x, message_paths(x, edges)).view(-1);
  EXPECT_TRUE(y.allclose(torch::tensor({10 + 3 + 0.5, 20 + 1 + 0.5, 40 + 1 + 0.5, 70 + 0.5}, torch::kFloat32))) << y;
}

TEST(GraphRefiner, ShapesAndParameterCount) {
  const auto network = build(20);
  int64_t count = 0;
  for (const torch::Tensor& parameter : network->parameters()) count += parameter.numel();
  const int64_t width = 128;  // Pixel2Mesh: 14 graph convolutions of two matrices and a bias
  EXPECT_EQ(count, 2 * 20 * width + width + 12 * (2 * width * width + width) + 2 * 3 * width + 3);
  for (const int64_t vertices : {3, 101}) {
    const torch::Tensor offsets = network->forward(random({vertices, 20}), ring(vertices));
    EXPECT_EQ(offsets.sizes(), torch::IntArrayRef({vertices, 3}));
    EXPECT_EQ(offsets.scalar_type(), torch::kFloat32);
    EXPECT_LT(offsets.abs().max().item<double>(), 0.2) << "refinement begins near the surface";
    EXPECT_GT(offsets.abs().max().item<double>(), 0);
  }
}

TEST(GraphRefiner, NumberingVerticesOtherwiseNumbersOffsetsOtherwise) {
  const auto network = small();
  const torch::Tensor features = random({40, 5}), edges = ring(40);
  const torch::Tensor order = torch::randperm(40, generator(4));  // vertex order[i] becomes i
  torch::Tensor place = torch::empty_like(order);
  place.index_put_({order}, torch::arange(40));
  const torch::Tensor shuffled_edges = place.index_select(0, edges.view(-1)).view({2, -1});
  const torch::Tensor offsets = network->forward(features, edges);
  EXPECT_TRUE(network->forward(features.index_select(0, order), shuffled_edges)
                  .allclose(offsets.index_select(0, order), 1e-5, 1e-7));
  const torch::Tensor edge_order = torch::randperm(edges.size(1), generator(5));
  EXPECT_TRUE(network->forward(features, edges.index_select(1, edge_order)).allclose(offsets, 1e-5, 1e-7));
}

TEST(GraphRefiner, SeesAsFarAsItsConvolutionsAndNoFurther) {
  const auto network = small();
  const torch::Tensor features = random({40, 5}), edges = ring(40);
  torch::Tensor changed = features.clone();
  changed[0] += 1;
  const torch::Tensor moved = (network->forward(changed, edges) - network->forward(features, edges)).abs().sum(1) > 0;
  for (int64_t v = 7; v <= 33; ++v) EXPECT_FALSE(moved[v].item<bool>()) << v;
  EXPECT_TRUE(moved[0].item<bool>());
  EXPECT_TRUE(moved[3].item<bool>());
}

TEST(GraphRefiner, VerticesWithoutNeighboursAndMeshesWithoutEdges) {
  const auto network = small();
  const torch::Tensor features = random({10, 5});
  const torch::Tensor alone = network->forward(features, torch::zeros({2, 0}, torch::kInt64));
  EXPECT_TRUE(alone.isfinite().all().item<bool>());
  // A ring over the first nine: the last vertex does as it did alone.
  EXPECT_TRUE(network->forward(features, ring(9))[9].allclose(alone[9]));
  EXPECT_EQ(network->forward(torch::zeros({0, 5}), torch::zeros({2, 0}, torch::kInt64)).size(0), 0);
}

TEST(GraphRefiner, GradientsReachEveryParameterAndEveryFeature) {
  const auto network = small();
  torch::Tensor features = random({30, 5}).requires_grad_();
  (network->forward(features, ring(30)) * random({30, 3}, 9)).sum().backward();
  for (const auto& item : network->named_parameters()) {
    ASSERT_TRUE(item.value().grad().defined()) << item.key();
    EXPECT_TRUE(item.value().grad().isfinite().all().item<bool>()) << item.key();
    EXPECT_GT(item.value().grad().abs().max().item<float>(), 0) << item.key();
  }
  EXPECT_GT(features.grad().abs().sum(0).min().item<float>(), 0);
}

TEST(GraphRefiner, BfloatIsNearFloatAndInitialisationRepeats) {
  const torch::NoGradGuard no_grad;
  const auto network = build(8), again = build(8), other = build(8, 7);
  const torch::Tensor features = random({60, 8}), edges = ring(60), exact = network->forward(features, edges);
  EXPECT_TRUE(again->forward(features, edges).equal(exact));
  EXPECT_FALSE(other->forward(features, edges).equal(exact));
  at::autocast::set_autocast_enabled(at::kCPU, true);
  at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
  const torch::Tensor rounded = network->forward(features, edges);
  at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(at::kCPU, false);
  EXPECT_EQ(rounded.scalar_type(), torch::kFloat32);
  const double difference = (rounded - exact).norm().item<double>();
  EXPECT_GT(difference, 0);
  EXPECT_LT(difference, 0.03 * exact.norm().item<double>());
}

}  // namespace
}  // namespace medvol::networks
