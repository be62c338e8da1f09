#include <gtest/gtest.h>

#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include "framework/core/error.h"
#include "losses/super_resolution/perceptual.h"
#include "losses/super_resolution/pixel.h"
#include "losses/super_resolution/register.h"
#include "losses/super_resolution/similarity.h"

namespace medvol::losses {
namespace {

/// Two layers whose features are known: the image itself, and the means of 2 voxels along every axis.
std::vector<torch::Tensor> two_layers(const torch::Tensor& image) { return {image, metrics::half_resolution(image)}; }

ImageLossContext context(double data_range = 1) { return {.data_range = data_range, .features = two_layers}; }

std::vector<std::string> registered() {
  ImageLossRegistry registry("image_loss");
  register_image_losses(registry);
  return registry.names();
}

std::unique_ptr<ImageLoss> build(const std::string& name, double data_range = 1) {
  ImageLossRegistry registry("image_loss");
  register_image_losses(registry);
  return ImageLossChoice(registry, name).build(context(data_range));
}

/// As golden_image_quality.py has them, float64.
std::pair<torch::Tensor, torch::Tensor> images(const std::vector<int64_t>& shape) {
  const torch::Tensor i = torch::arange(c10::multiply_integers(shape), torch::kFloat64);
  const torch::Tensor reference = (100 + 60 * torch::sin(0.013 * i) + 30 * torch::cos(0.71 * i)).view(shape);
  return {reference + (8 * torch::sin(1.3 * i + 0.5) + 5 * torch::cos(0.0071 * i)).view(shape), reference};
}

torch::Tensor gradient(const std::function<torch::Tensor(const torch::Tensor&)>& loss, const torch::Tensor& at) {
  const torch::Tensor x = at.clone().requires_grad_();
  return torch::autograd::grad({loss(x)}, {x})[0];
}

class EveryImageLoss : public testing::TestWithParam<std::string> {};

TEST_P(EveryImageLoss, IsZeroForEqualImagesAndAboveForOthers) {
  for (const std::vector<int64_t>& shape : {std::vector<int64_t>{2, 2, 24, 26}, {1, 1, 12, 13, 14}}) {
    const auto [x, y] = images(shape);
    const auto loss = build(GetParam(), 255);
    EXPECT_NEAR((*loss)(y, y, {}).item<double>(), 0, 1e-12);
    EXPECT_GT((*loss)(x, y, {}).item<double>(), 1e-3);
    const torch::Tensor half = (*loss)(x.to(torch::kBFloat16), y.to(torch::kBFloat16), {});
    EXPECT_EQ(half.scalar_type(), torch::kFloat32);
    EXPECT_NEAR(half.item<double>(), (*loss)(x, y, {}).item<double>(), 0.05 * (*loss)(x, y, {}).item<double>());
  }
}

TEST_P(EveryImageLoss, GradientEqualsFiniteDifferences) {
  for (const std::vector<int64_t>& shape : {std::vector<int64_t>{2, 2, 22, 23}, {1, 1, 11, 12, 13}}) {
    const auto [x, y] = images(shape);
    std::vector<int64_t> weight_shape = shape;
    weight_shape[1] = 1;
    const torch::Tensor i = torch::arange(c10::multiply_integers(weight_shape), torch::kFloat32);
    const torch::Tensor weight = (1.2 + torch::sin(0.7 * i)).view(weight_shape);
    const auto loss = build(GetParam(), 255);
    const auto of = [&, &target = y](const torch::Tensor& at) { return (*loss)(at, target, weight); };
    const torch::Tensor slope = gradient(of, x).flatten();
    const double step = 1e-4, tolerance = 1e-6 * slope.abs().max().item<double>() + 1e-11;
    for (int64_t k = 0; k < slope.numel(); k += 101) {
      torch::Tensor up = x.clone(), down = x.clone();
      up.view(-1)[k] += step;
      down.view(-1)[k] -= step;
      EXPECT_NEAR(slope[k].item<double>(), (of(up) - of(down)).item<double>() / (2 * step), tolerance);
    }
  }
}

TEST_P(EveryImageLoss, WeightsOfOneAreNoWeightsAndNoWeightIsFinite) {
  const auto [x, y] = images({2, 2, 24, 26});
  const auto loss = build(GetParam(), 255);
  const torch::Tensor ones = torch::ones({2, 1, 24, 26});
  EXPECT_NEAR((*loss)(x, y, ones).item<double>(), (*loss)(x, y, {}).item<double>(), 1e-9);
  EXPECT_NEAR((*loss)(x, y, torch::zeros_like(ones)).item<double>(), 0, 1e-9);
  const torch::Tensor slope =
      gradient([&, &target = y](const torch::Tensor& at) { return (*loss)(at, target, 0 * ones); }, x);
  EXPECT_TRUE(slope.isfinite().all().item<bool>());
}

INSTANTIATE_TEST_SUITE_P(Registered, EveryImageLoss, testing::ValuesIn(registered()),
                         [](const auto& entry) { return entry.param; });

TEST(ImageLosses, EachIsRegistered) {
  EXPECT_EQ(registered(),
            (std::vector<std::string>{"l1", "l2", "charbonnier", "ssim", "ms_ssim", "l1_ssim", "perceptual"}));
}

TEST(ImageLosses, ClosedFormsOfPixels) {
  const torch::Tensor x = torch::tensor({1.0, 2.0, 3.0, 4.0}, torch::kFloat64).view({1, 1, 2, 2});
  const torch::Tensor y = torch::tensor({1.0, 0.0, 3.5, 7.0}, torch::kFloat64).view({1, 1, 2, 2});
  const torch::Tensor weight = torch::tensor({1.f, 2.f, 0.f, 1.f}).view({1, 1, 2, 2});
  EXPECT_NEAR(L1({}, {})(x, y, {}).item<double>(), 5.5 / 4, 1e-12);
  EXPECT_NEAR(L1({}, {})(x, y, weight).item<double>(), (2 * 2 + 3) / 4.0, 1e-12);
  EXPECT_NEAR(L2({}, {})(x, y, {}).item<double>(), 13.25 / 4, 1e-12);
  const Charbonnier loss({.epsilon = 0.1}, context(20));  // ε = 2
  EXPECT_NEAR(loss(x, y, {}).item<double>(), (std::sqrt(8) + std::sqrt(4.25) + std::sqrt(13) - 6) / 4, 1e-12);
}

TEST(Ssim, EqualsMonaiInFloat32) {
  const std::vector<std::pair<std::vector<int64_t>, double>> golden{{{1, 1, 40, 53}, 0.01275408},
                                                                    {{1, 1, 17, 20, 23}, 0.02306455},
                                                                    {{1, 1, 181, 190}, 0.01045918},
                                                                    {{1, 1, 24, 26, 48}, 0.00970221}};
  for (const auto& [shape, value] : golden) {
    const auto [x, y] = images(shape);
    EXPECT_NEAR((*build("ssim", 255))(x.to(torch::kFloat32), y.to(torch::kFloat32), {}).item<double>(), value, 5e-6);
  }
}

TEST(MsSsim, EqualsPytorchMsssim) {
  const auto [x, y] = images({1, 2, 176, 192});
  EXPECT_NEAR((*build("ms_ssim", 255))(x, y, {}).item<double>(), 1 - 0.9915384022, 1e-6);
}

TEST(MsSsim, OppositeImagesGiveFiniteGradients) {
  const auto [x, y] = images({1, 1, 24, 24});
  const torch::Tensor opposite = 200 - y;  // every contrast term is negative: each factor is 0
  const auto loss = build("ms_ssim", 255);
  EXPECT_EQ((*loss)(opposite, y, {}).item<double>(), 1);
  const torch::Tensor slope =
      gradient([&, &target = y](const torch::Tensor& at) { return (*loss)(at, target, {}); }, opposite);
  EXPECT_TRUE(slope.isfinite().all().item<bool>());
}

TEST(Ssim, AutocastDoesNotReachIt) {
  const auto [x, y] = images({1, 1, 40, 53});
  const torch::Tensor a = x.to(torch::kFloat32), b = y.to(torch::kFloat32);
  const auto loss = build("ssim", 255);
  const double plain = (*loss)(a, b, {}).item<double>();
  at::autocast::set_autocast_dtype(at::kCPU, torch::kBFloat16);
  at::autocast::set_autocast_enabled(at::kCPU, true);
  const double under_autocast = (*loss)(a, b, {}).item<double>();
  at::autocast::set_autocast_enabled(at::kCPU, false);
  EXPECT_EQ(under_autocast, plain);
}

TEST(Ssim, CountsWindowsByTheWeightOfTheirCentre) {
  const auto [x, y] = images({1, 1, 30, 40});
  torch::Tensor weight = torch::zeros({1, 1, 30, 40});
  weight.slice(2, 8, 20).slice(3, 10, 25).fill_(3);
  const auto part = [](const torch::Tensor& image) { return image.slice(2, 3, 25).slice(3, 5, 30); };
  const auto loss = build("ssim", 255);
  EXPECT_NEAR((*loss)(x, y, weight).item<double>(), (*loss)(part(x), part(y), {}).item<double>(), 1e-9);
  EXPECT_THROW((*loss)(x.slice(2, 0, 10), y.slice(2, 0, 10), {}), core::UserError);
}

TEST(L1Ssim, IsTheWeightedSum) {
  const auto [x, y] = images({1, 1, 20, 21});
  const double expected = ((*build("l1", 255))(x, y, {}) / 255 + 0.1 * (*build("ssim", 255))(x, y, {})).item<double>();
  EXPECT_NEAR((*build("l1_ssim", 255))(x, y, {}).item<double>(), expected, 1e-12);
}

TEST(Perceptual, WeighsLayersAndNeedsANetwork) {
  const auto [x, y] = images({1, 1, 8, 8});
  const double fine = (*build("l2"))(x, y, {}).item<double>();
  const double coarse = (*build("l2"))(metrics::half_resolution(x), metrics::half_resolution(y), {}).item<double>();
  const double absolute = (*build("l1"))(x, y, {}).item<double>();
  EXPECT_NEAR((*build("perceptual"))(x, y, {}).item<double>(), (fine + coarse) / 2, 1e-9);
  const Perceptual weighted({.layer_weights = {3, 1}, .l1_weight = 2}, context());
  EXPECT_NEAR(weighted(x, y, {}).item<double>(), (3 * fine + coarse) / 4 + 2 * absolute, 1e-9);
  const Perceptual plain({.layer_weights = {1, 0}, .squared = false}, context());
  EXPECT_NEAR(plain(x, y, {}).item<double>(), absolute, 1e-9);
  EXPECT_THROW(Perceptual({}, {}), core::UserError);
  EXPECT_THROW(Perceptual({.layer_weights = {1}}, context())(x, y, {}), core::UserError);
}

TEST(Perceptual, TheTargetCarriesNoGradient) {
  const auto [x, y] = images({1, 1, 8, 8});
  const torch::Tensor target = y.clone().requires_grad_(), prediction = x.clone().requires_grad_();
  (*build("perceptual"))(prediction, target, {}).backward();
  EXPECT_TRUE(prediction.grad().defined());
  EXPECT_FALSE(target.grad().defined());
}

}  // namespace
}  // namespace medvol::losses
