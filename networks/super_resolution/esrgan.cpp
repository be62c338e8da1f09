#include "networks/super_resolution/esrgan.h"

#include <array>

#include "networks/blocks/cubic_convolution.h"
#include "networks/blocks/nearest_upsampling.h"
#include "networks/super_resolution/upsampling_steps.h"

namespace medvol::networks {
namespace {

Convolution convolution(int64_t axes, int64_t in_channels, int64_t out_channels) {
  ConvolutionOptions options = cubic_convolution(axes, in_channels, out_channels, /*kernel=*/3);
  options.bias = true;
  return Convolution(options);
}

}  // namespace

/// x + β · conv5(x, y1 … y4), where y_i = lrelu(conv_i(x, y1 … y_{i−1})).
class Esrgan::DenseBlock : public torch::nn::Module {
 public:
  DenseBlock(const EsrganOptions& options, int64_t axes)
      : scaling_(options.residual_scaling), slope_(options.negative_slope) {
    int64_t channels = options.features;
    for (size_t i = 0; i < convs_.size(); ++i) {
      const int64_t width = i + 1 < convs_.size() ? options.growth : options.features;
      convs_[i] = register_module(fmt::format("conv{}", i + 1), convolution(axes, channels, width));
      channels += width;
    }
  }
  torch::Tensor forward(const torch::Tensor& x) {
    torch::Tensor all = x;
    for (size_t i = 0; i + 1 < convs_.size(); ++i)
      all = torch::cat({all, torch::leaky_relu(convs_[i]->forward(all), slope_)}, 1);
    return x + scaling_ * convs_.back()->forward(all);
  }
  /// The authors' smaller initialisation (section 3.1).
  void quieten() {
    for (auto& conv : convs_) scale_weight(*conv, 0.1);
  }

 private:
  double scaling_, slope_;
  std::array<Convolution, 5> convs_{nullptr, nullptr, nullptr, nullptr, nullptr};
};

/// x + β · (three dense blocks of x).
class Esrgan::Rrdb : public torch::nn::Module {
 public:
  Rrdb(const EsrganOptions& options, int64_t axes) : scaling_(options.residual_scaling) {
    for (size_t i = 0; i < blocks_.size(); ++i)
      blocks_[i] = register_module(fmt::format("rdb{}", i + 1), std::make_shared<DenseBlock>(options, axes));
  }
  torch::Tensor forward(const torch::Tensor& x) {
    torch::Tensor y = x;
    for (const auto& block : blocks_) y = block->forward(y);
    return x + scaling_ * y;
  }
  void quieten() {
    for (const auto& block : blocks_) block->quieten();
  }

 private:
  double scaling_;
  std::array<std::shared_ptr<DenseBlock>, 3> blocks_;
};

Esrgan::Esrgan(const EsrganOptions& options, const TaskShape& shape)
    : options_(options), factors_(resolved_upsampling(shape)), steps_(upsampling_steps(factors_)) {
  if (options.residual_interpolation) require_residual_channels(shape);
  const int64_t axes = shape.dimensions, width = options.features;
  conv_first_ = register_module("conv_first", convolution(axes, shape.in_channels, width));
  auto body = register_module("body", torch::nn::ModuleList());
  for (int64_t i = 0; i < options.blocks; ++i) {
    body_.push_back(std::make_shared<Rrdb>(options, axes));
    body->push_back(body_.back());
  }
  conv_body_ = register_module("conv_body", convolution(axes, width, width));
  for (size_t i = 0; i < steps_.size(); ++i)
    conv_up_.push_back(register_module(fmt::format("conv_up{}", i + 1), convolution(axes, width, width)));
  conv_hr_ = register_module("conv_hr", convolution(axes, width, width));
  conv_last_ = register_module("conv_last", convolution(axes, width, shape.out_channels));
}

torch::Tensor Esrgan::activated(const torch::Tensor& x) const { return torch::leaky_relu(x, options_.negative_slope); }

std::vector<torch::Tensor> Esrgan::forward(const torch::Tensor& x) {
  const torch::Tensor first = conv_first_->forward(x);
  torch::Tensor y = first;
  for (const auto& block : body_) y = block->forward(y);
  y = first + conv_body_->forward(y);
  for (size_t i = 0; i < steps_.size(); ++i) y = activated(conv_up_[i]->forward(upsample_nearest(y, steps_[i])));
  y = conv_last_->forward(activated(conv_hr_->forward(y)));
  return {options_.residual_interpolation ? y + interpolated(x, factors_) : y};
}

std::vector<int64_t> Esrgan::multiple_of() const { return std::vector<int64_t>(factors_.size(), 1); }

std::vector<std::vector<int64_t>> Esrgan::head_strides() const { return {multiple_of()}; }

void Esrgan::initialize(torch::Generator generator) {
  initialize_convolutions(*this, std::move(generator), options_.negative_slope);
  for (const auto& block : body_) block->quieten();
  // Near the interpolation at first.
  if (options_.residual_interpolation) scale_weight(*conv_last_, 0.1);
}

}  // namespace medvol::networks
