#include "networks/adversarial/spade_block.h"

#include <algorithm>

#include "networks/blocks/cubic_convolution.h"

namespace medvol::networks {
namespace {

ConvUnit unit(int64_t axes, int64_t in_channels, int64_t out_channels, int64_t kernel,
              const ActivationOptions& activation = {ActivationKind::none}) {
  ConvolutionOptions options = cubic_convolution(axes, in_channels, out_channels, kernel);
  options.bias = true;
  return ConvUnit(ConvUnitOptions{options, Normalization::none, activation});
}

}  // namespace

SpadeNormImpl::SpadeNormImpl(const SpadeBlockOptions& options, int64_t channels) : batch_norm_(options.batch_norm) {
  if (batch_norm_) {
    const auto norm = register_module("param_free_norm", std::make_shared<torch::nn::Module>());
    running_mean_ = norm->register_buffer("running_mean", torch::zeros({channels}));
    running_var_ = norm->register_buffer("running_var", torch::ones({channels}));
  }
  const ActivationOptions activation{ActivationKind::leaky_relu, options.shared_slope};
  shared_ = register_module("mlp_shared", unit(options.axes, options.labels, options.hidden, 3, activation));
  gamma_ = register_module("mlp_gamma", unit(options.axes, options.hidden, channels, 3));
  beta_ = register_module("mlp_beta", unit(options.axes, options.hidden, channels, 3));
}

torch::Tensor SpadeNormImpl::normalized(const torch::Tensor& x) {
  if (batch_norm_)
    return torch::batch_norm(x, {}, {}, running_mean_, running_var_, is_training(), /*momentum=*/0.1, /*eps=*/1e-5,
                             /*cudnn_enabled=*/true);
  return torch::instance_norm(x, {}, {}, {}, {}, /*use_input_stats=*/true, /*momentum=*/0.0, /*eps=*/1e-5,
                              /*cudnn_enabled=*/true);
}

torch::Tensor SpadeNormImpl::forward(const torch::Tensor& x, const torch::Tensor& labels) {
  const torch::Tensor shared = shared_->forward(labels);
  return normalized(x) * (1 + gamma_->forward(shared)) + beta_->forward(shared);
}

SpadeBlockImpl::SpadeBlockImpl(const SpadeBlockOptions& options) : negative_slope_(options.negative_slope) {
  const int64_t in = options.in_channels, out = options.out_channels, between = std::min(in, out);
  conv_0_ = register_module("conv_0", unit(options.axes, in, between, 3));
  conv_1_ = register_module("conv_1", unit(options.axes, between, out, 3));
  norm_0_ = register_module("norm_0", SpadeNorm(options, in));
  norm_1_ = register_module("norm_1", SpadeNorm(options, between));
  if (in == out) return;
  conv_s_ = register_module("conv_s", unit(options.axes, in, out, 1));
  norm_s_ = register_module("norm_s", SpadeNorm(options, in));
}

torch::Tensor SpadeBlockImpl::forward(const torch::Tensor& x, const torch::Tensor& labels) {
  torch::Tensor y = conv_0_->forward(torch::leaky_relu(norm_0_->forward(x, labels), negative_slope_));
  y = conv_1_->forward(torch::leaky_relu(norm_1_->forward(y, labels), negative_slope_));
  return y + (norm_s_ ? conv_s_->forward(norm_s_->forward(x, labels)) : x);
}

}  // namespace medvol::networks
