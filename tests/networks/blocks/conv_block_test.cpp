#include "networks/blocks/conv_block.h"

#include <gtest/gtest.h>

namespace medvol::networks {
namespace {

TEST(Convolution, EqualsTorchInTwoAndThreeDimensions) {
  Convolution flat(ConvolutionOptions{2, 3, {3, 3}, {2, 1}});
  flat->initialize(at::make_generator<at::CPUGeneratorImpl>(1), 0.01);
  const torch::Tensor x = torch::randn({1, 2, 7, 6});
  const auto parameters = flat->named_parameters();
  EXPECT_TRUE(flat->forward(x).equal(torch::conv2d(x, parameters["weight"], parameters["bias"], {2, 1}, {1, 1})));

  Convolution up(ConvolutionOptions{2, 3, {1, 2, 2}, {1, 2, 2}, true, true});
  EXPECT_EQ(up->forward(torch::randn({1, 2, 4, 5, 6})).sizes(), torch::IntArrayRef({1, 3, 4, 10, 12}));
}

TEST(Convolution, PaddingAndDilationEqualTorch) {
  ConvolutionOptions options{2, 3, {4, 3}, {2, 1}};
  options.padding = {1, 2};
  options.dilation = {1, 2};
  Convolution flat(options);
  flat->initialize(at::make_generator<at::CPUGeneratorImpl>(1), 0.01);
  const torch::Tensor x = torch::randn({1, 2, 8, 6});
  const auto p = flat->named_parameters();
  EXPECT_TRUE(flat->forward(x).equal(torch::conv2d(x, p["weight"], p["bias"], {2, 1}, {1, 2}, {1, 2})));
  EXPECT_EQ(flat->forward(x).sizes(), torch::IntArrayRef({1, 3, 4, 6}));
}

TEST(Convolution, SameTransposedMultipliesTheSizeByItsStride) {
  Convolution up(same_transposed(2, 3, {1, 3, 5}, {1, 2, 3}));
  EXPECT_EQ(up->forward(torch::randn({1, 2, 4, 5, 6})).sizes(), torch::IntArrayRef({1, 3, 4, 10, 18}));
}

TEST(InstanceNorm, MakesEverySampleAndChannelStandard) {
  InstanceNorm norm(3);
  const torch::Tensor y = norm->forward(torch::randn({2, 3, 5, 6, 7}) * 4 + 2);
  EXPECT_LT(y.mean({2, 3, 4}).abs().max().item<float>(), 1e-5);
  EXPECT_LT((y.var({2, 3, 4}, false) - 1).abs().max().item<float>(), 1e-4);
}

TEST(ConvBlock, IsConvolutionNormAndLeakyReluOfItsSlope) {
  ConvBlock block(ConvolutionOptions{1, 2, {3, 3}, {1, 1}}, 0.1);
  const torch::Tensor x = torch::randn({1, 1, 8, 8});
  const auto p = block->named_parameters();
  const torch::Tensor linear = torch::conv2d(x, p["conv.weight"], p["conv.bias"], 1, 1);
  const torch::Tensor normal =
      torch::instance_norm(linear, p["norm.weight"], p["norm.bias"], {}, {}, true, 0, 1e-5, false);
  EXPECT_TRUE(torch::allclose(block->forward(x), torch::where(normal > 0, normal, normal * 0.1), 1e-5, 1e-6));
}

TEST(StackedConvBlocks, OnlyTheFirstHasTheStride) {
  StackedConvBlocks blocks(3, ConvolutionOptions{1, 4, {3, 3, 3}, {2, 2, 2}}, 0.01);
  EXPECT_EQ(blocks->forward(torch::randn({1, 1, 8, 8, 8})).sizes(), torch::IntArrayRef({1, 4, 4, 4, 4}));
}

}  // namespace
}  // namespace medvol::networks
