#include "networks/adversarial/pix2pix.h"

#include <algorithm>

#include "networks/adversarial/critic_layer.h"
#include "networks/adversarial/resolution_steps.h"
#include "networks/blocks/input_size.h"

namespace medvol::networks {
namespace {

constexpr double kSlope = 0.2;

/// 4×4 of stride 2, a kernel of 3 on axes that keep their size; transposed it undoes the size exactly.
ConvolutionOptions resampling(int64_t in_channels, int64_t out_channels, const std::vector<int64_t>& step, bool up) {
  ConvolutionOptions options{in_channels, out_channels, {}, step, /*bias=*/true, up};
  for (const int64_t stride : step) {
    options.kernel_size.push_back(stride + 2);
    options.padding.push_back(1);
  }
  return options;
}

ConvUnit unit(ConvolutionOptions convolution, Normalization norm, const ActivationOptions& activation) {
  convolution.bias = norm == Normalization::none;  // a norm would take it away
  return ConvUnit(ConvUnitOptions{std::move(convolution), norm, activation});
}

}  // namespace

config::EnumNames<Pix2PixNormalization> enum_names(Pix2PixNormalization) {
  return {{"batch", Pix2PixNormalization::batch}, {"instance", Pix2PixNormalization::instance}};
}

Pix2Pix::Pix2Pix(const Pix2PixOptions& options, const TaskShape& shape)
    : options_(options), dimensions_(shape.dimensions), steps_(resolution_steps(shape, options.levels, /*least=*/1)) {
  const Normalization norm =
      options.normalization == Pix2PixNormalization::batch ? Normalization::batch : Normalization::instance;
  const ActivationOptions leaky{ActivationKind::leaky_relu, kSlope}, relu{ActivationKind::relu};
  const size_t levels = steps_.size();
  std::vector<int64_t> widths;
  for (size_t i = 0; i < levels; ++i)
    widths.push_back(i == 0 ? options.features
                            : std::max(widths.back(), std::min(2 * widths.back(), options.max_features)));
  auto down = register_module("down", torch::nn::ModuleList()), up = register_module("up", torch::nn::ModuleList());
  for (size_t i = 0; i < levels; ++i) {
    const int64_t in_channels = i == 0 ? shape.in_channels : widths[i - 1];
    const bool plain = i == 0 || i + 1 == levels;
    down_.push_back(
        unit(resampling(in_channels, widths[i], steps_[i], /*up=*/false), plain ? Normalization::none : norm, leaky));
    down->push_back(down_.back());
  }
  for (size_t i = levels; i-- > 0;) {
    const int64_t in_channels = i + 1 == levels ? widths[i] : 2 * widths[i];
    const ConvolutionOptions convolution =
        resampling(in_channels, i == 0 ? shape.out_channels : widths[i - 1], steps_[i], /*up=*/true);
    up_.push_back(i == 0 ? unit(convolution, Normalization::none, {ActivationKind::none})
                         : unit(convolution, norm, relu));
    up->push_back(up_.back());
  }
}

std::vector<torch::Tensor> Pix2Pix::forward(const torch::Tensor& x) {
  require_multiple(x, multiple_of(), "pix2pix");
  std::vector<torch::Tensor> skips{x};
  for (ConvUnit& level : down_) skips.push_back(level->forward(skips.back()));
  torch::Tensor y = torch::relu(skips.back());
  for (size_t i = 0; i < up_.size(); ++i) {
    if (i > 0) y = torch::cat({torch::relu(skips[up_.size() - i]), y}, 1);
    y = up_[i]->forward(y);
  }
  return {options_.tanh ? torch::tanh(y) : y};
}

std::vector<int64_t> Pix2Pix::multiple_of() const { return total_factor(steps_, dimensions_); }

std::vector<std::vector<int64_t>> Pix2Pix::head_strides() const {
  return {std::vector<int64_t>(static_cast<size_t>(dimensions_), 1)};
}

void Pix2Pix::initialize(torch::Generator generator) { initialize_like_dcgan(*this, std::move(generator)); }

}  // namespace medvol::networks
