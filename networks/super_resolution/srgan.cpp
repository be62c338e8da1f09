#include "networks/super_resolution/srgan.h"

#include "framework/core/error.h"
#include "networks/blocks/cubic_convolution.h"
#include "networks/super_resolution/pixel_shuffle.h"
#include "networks/super_resolution/upsampling_steps.h"

namespace medvol::networks {
namespace {

constexpr double kSlope = 0.25;  // where PReLU's slope starts (He et al. 2015)

const ActivationOptions prelu{ActivationKind::prelu, kSlope};

Normalization normalization(SrganNormalization kind) {
  switch (kind) {
    case SrganNormalization::batch:
      return Normalization::batch;
    case SrganNormalization::instance:
      return Normalization::instance;
    case SrganNormalization::none:
      break;
  }
  return Normalization::none;
}

ConvolutionOptions convolution(int64_t axes, int64_t in_channels, int64_t out_channels, int64_t kernel, bool bias) {
  ConvolutionOptions options = cubic_convolution(axes, in_channels, out_channels, kernel);
  options.bias = bias;
  return options;
}

/// 3×3, with a bias where no norm takes it away.
ConvUnit inner(const SrganOptions& options, int64_t axes, const ActivationOptions& activation) {
  const Normalization norm = normalization(options.normalization);
  return ConvUnit(ConvUnitOptions{convolution(axes, options.features, options.features, 3, norm == Normalization::none),
                                  norm, activation});
}

}  // namespace

config::EnumNames<SrganNormalization> enum_names(SrganNormalization) {
  return {{"batch", SrganNormalization::batch},
          {"instance", SrganNormalization::instance},
          {"none", SrganNormalization::none}};
}

/// x + two convolutions.
class Srgan::Block : public torch::nn::Module {
 public:
  Block(const SrganOptions& options, int64_t axes) {
    first_ = register_module("0", inner(options, axes, prelu));
    second_ = register_module("1", inner(options, axes, {ActivationKind::none}));
  }
  torch::Tensor forward(const torch::Tensor& x) { return x + second_->forward(first_->forward(x)); }
  /// Without a norm a block begins near its input: else the signal doubles in each.
  void quieten() { scale_weight(*second_->named_children()["conv"], 0.1); }

 private:
  ConvUnit first_{nullptr}, second_{nullptr};
};

/// A convolution to the sub-pixels, their rearrangement, and PReLU.
class Srgan::Step : public torch::nn::Module {
 public:
  Step(int64_t features, const std::vector<int64_t>& factors) : factors_(factors) {
    conv_ = register_module("conv", Convolution(convolution(static_cast<int64_t>(factors.size()), features,
                                                            features * subpixels(), 3, /*bias=*/true)));
    activation_ = register_module("activation", Activation(prelu));
  }
  torch::Tensor forward(const torch::Tensor& x) {
    return activation_->forward(pixel_shuffle(conv_->forward(x), factors_));
  }
  void share_kernels() { share_subpixel_kernels(conv_->named_parameters()["weight"], subpixels()); }

 private:
  int64_t subpixels() const { return c10::multiply_integers(factors_); }

  std::vector<int64_t> factors_;
  Convolution conv_{nullptr};
  Activation activation_{nullptr};
};

Srgan::Srgan(const SrganOptions& options, const TaskShape& shape)
    : options_(options), factors_(resolved_upsampling(shape)) {
  if (options.outer_kernel % 2 == 0)
    throw core::UserError(fmt::format("{} is even", options.outer_kernel), "network.outer_kernel", "such as 9, 5 or 3");
  if (options.residual_interpolation) require_residual_channels(shape);
  const int64_t axes = shape.dimensions, width = options.features, outer = options.outer_kernel;
  conv_first_ = register_module(
      "conv_first", ConvUnit(ConvUnitOptions{convolution(axes, shape.in_channels, width, outer, /*bias=*/true),
                                             Normalization::none, prelu}));
  auto body = register_module("body", torch::nn::ModuleList());
  for (int64_t i = 0; i < options.blocks; ++i) {
    body_.push_back(std::make_shared<Block>(options, axes));
    body->push_back(body_.back());
  }
  conv_body_ = register_module("conv_body", inner(options, axes, {ActivationKind::none}));
  auto up = register_module("up", torch::nn::ModuleList());
  for (const auto& step : upsampling_steps(factors_)) {
    up_.push_back(std::make_shared<Step>(width, step));
    up->push_back(up_.back());
  }
  conv_last_ =
      register_module("conv_last", Convolution(convolution(axes, width, shape.out_channels, outer, /*bias=*/true)));
}

std::vector<torch::Tensor> Srgan::forward(const torch::Tensor& x) {
  const torch::Tensor first = conv_first_->forward(x);
  torch::Tensor y = first;
  for (const auto& block : body_) y = block->forward(y);
  y = conv_body_->forward(y) + first;
  for (const auto& step : up_) y = step->forward(y);
  y = conv_last_->forward(y);
  return {options_.residual_interpolation ? y + interpolated(x, factors_) : y};
}

std::vector<int64_t> Srgan::multiple_of() const { return std::vector<int64_t>(factors_.size(), 1); }

std::vector<std::vector<int64_t>> Srgan::head_strides() const { return {multiple_of()}; }

void Srgan::initialize(torch::Generator generator) {
  initialize_convolutions(*this, std::move(generator), kSlope);
  if (options_.normalization == SrganNormalization::none)
    for (const auto& block : body_) block->quieten();
  if (options_.icnr)
    for (const auto& step : up_) step->share_kernels();
  // Near the interpolation at first.
  if (options_.residual_interpolation) scale_weight(*conv_last_, 0.1);
}

}  // namespace medvol::networks
