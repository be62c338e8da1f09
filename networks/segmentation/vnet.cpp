#include "networks/segmentation/vnet.h"

#include <algorithm>

#include "networks/blocks/conv_unit.h"
#include "networks/blocks/input_size.h"
#include "networks/segmentation/stages.h"

namespace medvol::networks {
namespace {

template <class List>
List first_of(const List& list, size_t count) {
  return List(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(std::min(count, list.size())));
}

/// What is published, for as many stages as the plan has, where the options leave it open; the plan gives strides.
VNetOptions resolve(VNetOptions options, const TaskShape& shape) {
  if (options.features_per_stage.empty())
    options.features_per_stage = first_of(std::vector<int64_t>{16, 32, 64, 128, 256}, shape.features_per_stage.size());
  const size_t stages = options.features_per_stage.size();
  if (options.kernel_sizes.empty()) {
    options.kernel_sizes = first_of(shape.kernel_sizes, stages);
    for (auto& kernel : options.kernel_sizes)
      for (int64_t& size : kernel) size = size > 1 ? 5 : 1;
  }
  resolve_stages({options.features_per_stage, options.kernel_sizes, options.strides}, shape);
  auto &encoder = options.convolutions_per_stage_encoder, &decoder = options.convolutions_per_stage_decoder;
  if (encoder.empty()) {
    encoder = {2};
    encoder.resize(stages - 1, 3);
  }
  if (decoder.empty()) {
    decoder = {1, 2};
    decoder.resize(stages - 1, 3);
    std::reverse(decoder.begin(), decoder.end());
  }
  expect_entries(encoder.size(), stages - 1, "convolutions_per_stage_encoder");
  expect_entries(decoder.size(), stages - 1, "convolutions_per_stage_decoder");
  return options;
}

Activation activation(VNetActivation kind, int64_t channels) {
  return Activation(ActivationOptions{kind == VNetActivation::prelu ? ActivationKind::prelu : ActivationKind::elu,
                                      /*slope=*/0.25, channels});
}

/// A convolution with batch norm.
ConvUnit normalized(int64_t in_channels, int64_t out_channels, const std::vector<int64_t>& kernel) {
  const std::vector<int64_t> ones(kernel.size(), 1);
  return ConvUnit(ConvUnitOptions{{in_channels, out_channels, kernel, ones, /*bias=*/false}, Normalization::batch});
}

/// Channels repeated in turn until there are `count`.
torch::Tensor repeated(const torch::Tensor& x, int64_t channels, int64_t count) {
  if (channels == 1) return x;  // broadcast
  std::vector<torch::Tensor> copies(static_cast<size_t>(count / channels), x);
  if (count % channels) copies.push_back(x.narrow(1, 0, count % channels));
  return torch::cat(copies, 1);
}

}  // namespace

config::EnumNames<VNetActivation> enum_names(VNetActivation) {
  return {{"prelu", VNetActivation::prelu}, {"elu", VNetActivation::elu}};
}

/// act(convolution(x) + x) where `residual`, x repeated to the convolution's width; else without the sum.
class VNet::Unit : public torch::nn::Module {
 public:
  Unit(int64_t in_channels, int64_t out_channels, const std::vector<int64_t>& kernel, VNetActivation kind,
       bool residual = false)
      : in_channels_(in_channels), residual_(residual) {
    activation_ = register_module("act_function", activation(kind, out_channels));
    block_ = register_module("conv_block", normalized(in_channels, out_channels, kernel));
  }
  torch::Tensor forward(const torch::Tensor& x) {
    const torch::Tensor y = block_->forward(x);
    return activation_->forward(residual_ ? y + repeated(x, in_channels_, block_->out_channels()) : y);
  }

 private:
  int64_t in_channels_;
  bool residual_;
  Activation activation_{nullptr};
  ConvUnit block_{nullptr};
};

/// A stage on the way down or up: y = act(norm(resample(x))), on the way up with the skip beside it, then
/// act(units(y) + y).
class VNet::Stage : public torch::nn::Module {
 public:
  Stage(const ConvolutionOptions& resampling, int64_t channels, int64_t count, const std::vector<int64_t>& kernel,
        VNetActivation kind) {
    resample_ = register_module(resampling.transposed ? "up_conv" : "down_conv", Convolution(resampling));
    norm_ = register_module("bn1", BatchNorm(resampling.out_channels));
    activation1_ = register_module("act_function1", activation(kind, resampling.out_channels));
    activation2_ = register_module("act_function2", activation(kind, channels));
    units_ = register_module("ops", torch::nn::ModuleList());
    for (int64_t i = 0; i < count; ++i) units_->push_back(std::make_shared<Unit>(channels, channels, kernel, kind));
  }
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& skip = {}) {
    torch::Tensor shortcut = activation1_->forward(norm_->forward(resample_->forward(x)));
    if (skip.defined()) shortcut = torch::cat({shortcut, skip}, 1);
    torch::Tensor y = shortcut;
    for (const auto& unit : *units_) y = unit->as<Unit>()->forward(y);
    return activation2_->forward(y + shortcut);
  }

 private:
  Convolution resample_{nullptr};
  BatchNorm norm_{nullptr};
  Activation activation1_{nullptr}, activation2_{nullptr};
  torch::nn::ModuleList units_;
};

/// To classes: a convolution with norm and activation, and a 1×1 one.
class VNet::Output : public torch::nn::Module {
 public:
  Output(int64_t in_channels, int64_t out_channels, const std::vector<int64_t>& kernel, VNetActivation kind) {
    const std::vector<int64_t> ones(kernel.size(), 1);
    activation_ = register_module("act_function1", activation(kind, out_channels));
    block_ = register_module("conv_block", normalized(in_channels, out_channels, kernel));
    last_ = register_module("conv2", Convolution(ConvolutionOptions{out_channels, out_channels, ones, ones}));
  }
  torch::Tensor forward(const torch::Tensor& x) { return last_->forward(activation_->forward(block_->forward(x))); }

 private:
  Activation activation_{nullptr};
  ConvUnit block_{nullptr};
  Convolution last_{nullptr};
};

VNet::VNet(const VNetOptions& options, const TaskShape& shape) : options_(resolve(options, shape)) {
  const auto& widths = options_.features_per_stage;
  const auto& kernels = options_.kernel_sizes;
  const VNetActivation kind = options_.activation;
  input_ = register_module("in_tr", std::make_shared<Unit>(shape.in_channels, widths[0], kernels[0], kind, true));
  for (size_t i = 1; i < widths.size(); ++i) {
    const auto& stride = options_.strides[i];
    const ConvolutionOptions down{widths[i - 1], widths[i], stride, stride, /*bias=*/false};
    // Stages are named by their published widths, whatever widths they have here.
    down_.push_back(register_module(
        fmt::format("down_tr{}", 16 << i),
        std::make_shared<Stage>(down, widths[i], options_.convolutions_per_stage_encoder[i - 1], kernels[i], kind)));
  }
  int64_t channels = widths.back();
  for (size_t i = widths.size() - 1; i-- > 0;) {
    const auto& stride = options_.strides[i + 1];
    const ConvolutionOptions up{channels, widths[i], stride, stride, /*bias=*/true, /*transposed=*/true};
    channels = 2 * widths[i];
    const int64_t count = options_.convolutions_per_stage_decoder[widths.size() - 2 - i];
    up_.push_back(register_module(fmt::format("up_tr{}", 32 << i),
                                  std::make_shared<Stage>(up, channels, count, kernels[i], kind)));
  }
  output_ = register_module("out_tr", std::make_shared<Output>(channels, shape.out_channels, kernels[0], kind));
}

std::vector<torch::Tensor> VNet::forward(const torch::Tensor& x) {
  require_multiple(x, multiple_of(), "vnet");
  std::vector<torch::Tensor> skips{input_->forward(x)};
  for (const auto& stage : down_) skips.push_back(stage->forward(skips.back()));
  torch::Tensor y = skips.back();
  for (const auto& stage : up_) {
    skips.pop_back();
    y = stage->forward(y, skips.back());
  }
  return {output_->forward(y)};
}

std::vector<int64_t> VNet::multiple_of() const { return total_stride(options_.strides); }

std::vector<std::vector<int64_t>> VNet::head_strides() const { return {options_.strides[0]}; }

void VNet::initialize(torch::Generator generator) {
  initialize_convolutions(*this, std::move(generator), options_.activation == VNetActivation::prelu ? 0.25 : 0.0);
}

}  // namespace medvol::networks
