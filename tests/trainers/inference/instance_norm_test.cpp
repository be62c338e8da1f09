#include "trainers/inference/instance_norm.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

namespace medvol::trainers {
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

TEST(FastInstanceNorm, LeavesTrainingAsItWas) {
  torch::manual_seed(3);
  torch::Tensor image = torch::randn({2, 3, 4, 5, 6}, torch::kFloat64).requires_grad_();
  torch::Tensor weight = torch::rand({3}, torch::kFloat64).requires_grad_();
  torch::Tensor bias = torch::rand({3}, torch::kFloat64).requires_grad_();
  const torch::Tensor factors = torch::randn({2, 3, 4, 5, 6}, torch::kFloat64);
  use_fast_instance_norm();
  (norm(image, weight, bias) * factors).sum().backward();
  const torch::Tensor gradients[] = {image.grad().clone(), weight.grad().clone(), bias.grad().clone()};
  for (torch::Tensor* one : {&image, &weight, &bias}) one->mutable_grad().reset();
  (exact(image, weight, bias) * factors).sum().backward();
  EXPECT_TRUE(torch::allclose(gradients[0], image.grad()));
  EXPECT_TRUE(torch::allclose(gradients[1], weight.grad()));
  EXPECT_TRUE(torch::allclose(gradients[2], bias.grad()));
}

}  // namespace
}  // namespace medvol::trainers
