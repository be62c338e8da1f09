#include "framework/runtime/instance_norm.h"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

namespace medvol::runtime {
namespace {

torch::Tensor norm(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias) {
  return torch::instance_norm(x, weight, bias, {}, {}, /*use_input_stats=*/true, /*momentum=*/0.0, /*eps=*/1e-5,
                              /*cudnn_enabled=*/true);
}

/// The formula of Ulyanov et al. 2016 in float64.
torch::Tensor exact(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias) {
  const torch::Tensor values = x.to(torch::kFloat64).flatten(2);
  const torch::Tensor centred = values - values.mean(2, true);
  const torch::Tensor standard = centred / (centred.square().mean(2, true) + 1e-5).sqrt();
  return (standard * weight.view({1, -1, 1}) + bias.view({1, -1, 1})).view(x.sizes());
}

TEST(FastInstanceNorm, IsTheFormulaInEveryMemoryFormatAndType) {
  use_fast_instance_norm();
  torch::manual_seed(1);
  const torch::InferenceMode inference;
  for (const int64_t channels : {1, 3, 16, 37})
    for (const auto& size : {std::vector<int64_t>{5, 7, 9}, {30, 33, 31}, {19, 23}}) {
      std::vector<int64_t> shape{2, channels};
      shape.insert(shape.end(), size.begin(), size.end());
      const auto last = size.size() == 3 ? torch::MemoryFormat::ChannelsLast3d : torch::MemoryFormat::ChannelsLast;
      const torch::Tensor weight = torch::rand({channels}) + 0.5, bias = torch::randn({channels});
      std::vector<int64_t> planes(shape.size(), 1);
      planes[0] = 2;
      planes[1] = channels;
      const torch::Tensor image = torch::randn(shape) * 3 + 10 * torch::randn(planes);
      for (const auto format : {torch::MemoryFormat::Contiguous, last}) {
        const torch::Tensor made = norm(image.contiguous(format), weight, bias);
        EXPECT_TRUE(made.is_contiguous(format));
        EXPECT_TRUE(torch::allclose(made.to(torch::kFloat64), exact(image, weight, bias), 1e-5, 2e-5));
        const torch::Tensor rounded = image.to(torch::kBFloat16).contiguous(format);
        const torch::Tensor in_bf16 = norm(rounded, weight, bias);
        EXPECT_EQ(in_bf16.scalar_type(), torch::kBFloat16);
        EXPECT_TRUE(torch::allclose(in_bf16.to(torch::kFloat64), exact(rounded, weight, bias), 1.0 / 256, 1e-4));
      }
    }
}

TEST(FastInstanceNorm, MakesAConstantImageItsBias) {
  use_fast_instance_norm();
  const torch::InferenceMode inference;
  const torch::Tensor bias = torch::tensor({0.25f, -3.f});
  const torch::Tensor made = norm(torch::full({1, 2, 40, 40, 40}, 1234.567f), torch::ones({2}), bias);
  EXPECT_TRUE(torch::allclose(made, bias.view({1, 2, 1, 1, 1}).expand_as(made), 0, 1e-4));
}

TEST(FastInstanceNorm, DoesNotDependOnThreadsOrBatch) {
  use_fast_instance_norm();
  const int threads = at::get_num_threads();
  torch::manual_seed(2);
  const torch::InferenceMode inference;
  const torch::Tensor image = torch::randn({3, 20, 40, 31, 33}).contiguous(torch::MemoryFormat::ChannelsLast3d);
  const torch::Tensor weight = torch::rand({20}), bias = torch::rand({20});
  at::set_num_threads(1);
  const torch::Tensor one = norm(image, weight, bias), alone = norm(image.narrow(0, 1, 1), weight, bias);
  at::set_num_threads(2);
  EXPECT_TRUE(norm(image, weight, bias).equal(one));
  EXPECT_TRUE(alone[0].equal(one[1]));
  at::set_num_threads(threads);
}

/// Gradients of Σ factors·norm(image) with respect to image, weight and bias.
std::vector<torch::Tensor> gradients(const torch::Tensor& image, const torch::Tensor& weight, const torch::Tensor& bias,
                                     const torch::Tensor& factors, bool by_the_formula) {
  const torch::Tensor y = by_the_formula ? exact(image, weight, bias) : norm(image, weight, bias);
  return torch::autograd::grad({(y * factors).sum()}, {image, weight, bias});
}

class FastInstanceNormGradient : public testing::TestWithParam<torch::MemoryFormat> {
 protected:
  FastInstanceNormGradient() { use_fast_instance_norm(); }
  torch::Tensor image(torch::ScalarType type = torch::kFloat32) const {
    torch::manual_seed(3);
    return (torch::randn({2, 37, 20, 31, 30}) * 3 + 5).to(type).contiguous(GetParam()).requires_grad_();
  }
  torch::Tensor weight = (torch::rand({37}) + 0.5).requires_grad_(), bias = torch::randn({37}).requires_grad_();
  torch::Tensor factors = torch::randn({2, 37, 20, 31, 30});
};

TEST_P(FastInstanceNormGradient, IsTheFormulas) {
  const torch::Tensor x = image();
  const auto found = gradients(x, weight, bias, factors, false), expected = gradients(x, weight, bias, factors, true);
  EXPECT_TRUE(found[0].is_contiguous(GetParam()));
  EXPECT_TRUE(torch::allclose(found[0], expected[0], 1e-4, 2e-6));
  EXPECT_TRUE(torch::allclose(found[1], expected[1], 1e-4, 2e-3)) << (found[1] - expected[1]).abs().max();
  EXPECT_TRUE(torch::allclose(found[2], expected[2], 1e-4, 2e-3)) << (found[2] - expected[2]).abs().max();
}

TEST_P(FastInstanceNormGradient, OfBf16IsRoundedOnlyAtItsEnd) {
  const torch::Tensor x = image(torch::kBFloat16);
  const torch::Tensor rounded = factors.to(torch::kBFloat16);
  const auto found = gradients(x, weight, bias, rounded, false);
  const auto expected = gradients(x.detach().to(torch::kFloat32).requires_grad_(), weight, bias, rounded, true);
  EXPECT_EQ(found[0].scalar_type(), torch::kBFloat16);
  EXPECT_EQ(found[1].scalar_type(), torch::kFloat32);
  EXPECT_TRUE(torch::allclose(found[0].to(torch::kFloat32), expected[0], 1.0 / 128, 1e-3));
  EXPECT_TRUE(torch::allclose(found[1], expected[1], 1e-3, 0.2));
}

TEST_P(FastInstanceNormGradient, DoesNotDependOnThreads) {
  const int threads = at::get_num_threads();
  const torch::Tensor x = image();
  at::set_num_threads(1);
  const auto one = gradients(x, weight, bias, factors, false);
  at::set_num_threads(2);
  const auto two = gradients(x, weight, bias, factors, false);
  at::set_num_threads(threads);
  for (size_t i = 0; i < 3; ++i) EXPECT_TRUE(one[i].equal(two[i])) << i;
}

/// As gradient penalties need it.
TEST_P(FastInstanceNormGradient, HasADerivative) {
  const auto penalty = [&](const torch::Tensor& x, bool by_the_formula) {
    const torch::Tensor y = by_the_formula ? exact(x, weight, bias) : norm(x, weight, bias);
    const auto first = torch::autograd::grad({(y * factors).sum()}, {x}, {}, /*retain_graph=*/true,
                                             /*create_graph=*/true);
    return torch::autograd::grad({first[0].square().sum()}, {x, weight});
  };
  const torch::Tensor x = image();
  const auto found = penalty(x, false), expected = penalty(x, true);
  EXPECT_TRUE(torch::allclose(found[0], expected[0], 1e-3, 1e-4));
  EXPECT_TRUE(torch::allclose(found[1], expected[1], 1e-3, 1e-2));
}

INSTANTIATE_TEST_SUITE_P(MemoryFormats, FastInstanceNormGradient,
                         testing::Values(torch::MemoryFormat::Contiguous, torch::MemoryFormat::ChannelsLast3d),
                         [](const auto& one) {
                           return one.param == torch::MemoryFormat::Contiguous ? "Contiguous" : "ChannelsLast";
                         });

TEST(FastInstanceNorm, OfWhatIsFrozenGivesTheRestItsGradient) {
  use_fast_instance_norm();
  const torch::Tensor weight = torch::rand({3}).requires_grad_(), fixed = torch::rand({2, 3, 4, 5, 6});
  norm(fixed, weight, torch::zeros({3})).square().sum().backward();
  EXPECT_TRUE(weight.grad().defined());
  const torch::Tensor image = torch::rand({2, 3, 4, 5, 6}).requires_grad_();
  norm(image, torch::Tensor(), torch::Tensor()).pow(3).sum().backward();
  EXPECT_TRUE(image.grad().defined());
}

TEST(FastInstanceNorm, LeavesFloat64ToLibTorch) {
  torch::manual_seed(3);
  const torch::Tensor image = torch::randn({2, 3, 4, 5, 6}, torch::kFloat64).requires_grad_();
  const torch::Tensor weight = torch::rand({3}, torch::kFloat64).requires_grad_();
  const torch::Tensor bias = torch::rand({3}, torch::kFloat64).requires_grad_();
  const torch::Tensor factors = torch::randn({2, 3, 4, 5, 6}, torch::kFloat64);
  use_fast_instance_norm();
  const auto found = gradients(image, weight, bias, factors, false),
             expected = gradients(image, weight, bias, factors, true);
  for (size_t i = 0; i < 3; ++i) EXPECT_TRUE(torch::allclose(found[i], expected[i])) << i;
}

}  // namespace
}  // namespace medvol::runtime
