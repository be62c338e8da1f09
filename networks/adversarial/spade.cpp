#include "networks/adversarial/spade.h"

#include <algorithm>
#include <limits>

#include "framework/core/error.h"
#include "networks/adversarial/resolution_steps.h"
#include "networks/blocks/cubic_convolution.h"
#include "networks/blocks/input_size.h"
#include "networks/blocks/nearest_upsampling.h"

namespace medvol::networks {
namespace {

/// Every factor-th voxel, the first one of each: nearest down-sampling, in which no size enters a trace.
torch::Tensor sampled_down(torch::Tensor x, const std::vector<int64_t>& factors) {
  for (size_t axis = 0; axis < factors.size(); ++axis)
    if (factors[axis] > 1)
      x = x.slice(static_cast<int64_t>(axis) + 2, 0, std::numeric_limits<int64_t>::max(), factors[axis]);
  return x;
}

ConvolutionOptions convolution(int64_t axes, int64_t in_channels, int64_t out_channels) {
  ConvolutionOptions options = cubic_convolution(axes, in_channels, out_channels, /*kernel=*/3);
  options.bias = true;
  return options;
}

}  // namespace

config::EnumNames<SpadeNormalization> enum_names(SpadeNormalization) {
  return {{"batch", SpadeNormalization::batch}, {"instance", SpadeNormalization::instance}};
}

Spade::Spade(const SpadeOptions& options, const TaskShape& shape)
    : options_(options),
      dimensions_(shape.dimensions),
      labels_(shape.in_channels - shape.noise_channels),
      steps_(resolution_steps(shape, options.levels, /*least=*/2)) {
  if (labels_ < 1)
    throw core::UserError(fmt::format("{} of {} input channels are noise", shape.noise_channels, shape.in_channels),
                          "trainer.noise_channels", "the label map needs at least one channel");
  std::reverse(steps_.begin(), steps_.end());
  const auto block = [&](const std::string& name, int64_t in_channels, int64_t out_channels) {
    return register_module(name, SpadeBlock(SpadeBlockOptions{
                                     dimensions_, in_channels, out_channels, labels_, options.hidden,
                                     options.normalization == SpadeNormalization::batch, options.negative_slope}));
  };
  int64_t channels = options.features << (steps_.size() - 1);
  start_ = register_module("fc", Convolution(convolution(dimensions_, shape.in_channels, channels)));
  head_ = block("head_0", channels, channels);
  middle_0_ = block("G_middle_0", channels, channels);
  middle_1_ = block("G_middle_1", channels, channels);
  for (size_t i = 0; i + 1 < steps_.size(); ++i, channels /= 2)
    up_.push_back(block(fmt::format("up_{}", i), channels, channels / 2));
  last_ = register_module("conv_img", Convolution(convolution(dimensions_, channels, shape.out_channels)));
}

std::vector<torch::Tensor> Spade::forward(const torch::Tensor& x) {
  require_multiple(x, multiple_of(), "spade");
  std::vector<int64_t> factor = multiple_of();
  const torch::Tensor labels = x.narrow(1, 0, labels_);
  torch::Tensor y = start_->forward(sampled_down(x, factor)), map = sampled_down(labels, factor);
  y = head_->forward(y, map);
  for (size_t i = 0; i < steps_.size(); ++i) {
    y = upsample_nearest(y, steps_[i]);
    for (size_t axis = 0; axis < factor.size(); ++axis) factor[axis] /= steps_[i][axis];
    map = sampled_down(labels, factor);
    if (i == 0)
      y = middle_1_->forward(middle_0_->forward(y, map), map);
    else
      y = up_[i - 1]->forward(y, map);
  }
  y = last_->forward(torch::leaky_relu(y, options_.negative_slope));
  return {options_.tanh ? torch::tanh(y) : y};
}

std::vector<int64_t> Spade::multiple_of() const { return total_factor(steps_, dimensions_); }

std::vector<std::vector<int64_t>> Spade::head_strides() const {
  return {std::vector<int64_t>(static_cast<size_t>(dimensions_), 1)};
}

void Spade::initialize(torch::Generator generator) {
  initialize_convolutions(*this, std::move(generator), options_.negative_slope);
  const torch::NoGradGuard no_grad;
  last_->named_parameters()["weight"].mul_(0.1);
}

}  // namespace medvol::networks
