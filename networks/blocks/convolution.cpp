#include "networks/blocks/convolution.h"

#include <cmath>
#include <tuple>

#include "framework/core/error.h"

namespace medvol::networks {

namespace {

/// The options with padding, output padding and dilation written out, one entry an axis.
ConvolutionOptions complete(ConvolutionOptions options) {
  const size_t axes = options.kernel_size.size();
  if (options.dilation.empty()) options.dilation.assign(axes, 1);
  if (options.output_padding.empty()) options.output_padding.assign(axes, 0);
  for (size_t axis = options.padding.size(); axis < axes; ++axis)
    options.padding.push_back(options.transposed ? 0 : options.dilation[axis] * (options.kernel_size[axis] - 1) / 2);
  for (const auto* list : {&options.stride, &options.padding, &options.output_padding, &options.dilation})
    MEDVOL_CHECK(list->size() == axes, "kernel, stride, padding and dilation differ in length");
  return options;
}

}  // namespace

ConvolutionOptions same_transposed(int64_t in_channels, int64_t out_channels, std::vector<int64_t> kernel_size,
                                   std::vector<int64_t> stride) {
  ConvolutionOptions options{in_channels, out_channels, std::move(kernel_size), std::move(stride), true, true};
  for (const int64_t size : options.kernel_size) options.padding.push_back((size - 1) / 2);
  for (const int64_t step : options.stride) options.output_padding.push_back(step - 1);
  return options;
}

ConvolutionImpl::ConvolutionImpl(ConvolutionOptions options) : options_(complete(std::move(options))) {
  std::vector<int64_t> shape{options_.out_channels, options_.in_channels};
  if (options_.transposed) std::swap(shape[0], shape[1]);
  shape.insert(shape.end(), options_.kernel_size.begin(), options_.kernel_size.end());
  weight_ = register_parameter("weight", torch::zeros(shape));
  if (options_.bias) bias_ = register_parameter("bias", torch::zeros({options_.out_channels}));
}

torch::Tensor ConvolutionImpl::forward(const torch::Tensor& x) {
  const auto& [stride, padding, more, dilation] =
      std::tie(options_.stride, options_.padding, options_.output_padding, options_.dilation);
  // The named convolutions, not at::convolution: autocast lists them, and ONNX and profiles call them by these names.
  if (stride.size() == 3)
    return options_.transposed ? torch::conv_transpose3d(x, weight_, bias_, stride, padding, more, 1, dilation)
                               : torch::conv3d(x, weight_, bias_, stride, padding, dilation);
  return options_.transposed ? torch::conv_transpose2d(x, weight_, bias_, stride, padding, more, 1, dilation)
                             : torch::conv2d(x, weight_, bias_, stride, padding, dilation);
}

void ConvolutionImpl::initialize(torch::Generator generator, double slope) {
  const torch::NoGradGuard no_grad;
  int64_t fan_in = weight_.size(1);
  for (const int64_t size : options_.kernel_size) fan_in *= size;
  const double deviation = std::sqrt(2.0 / (1.0 + slope * slope)) / std::sqrt(static_cast<double>(fan_in));
  weight_.copy_(torch::empty(weight_.sizes()).normal_(0.0, deviation, std::move(generator)));
  if (bias_.defined()) bias_.zero_();
}

void initialize_convolutions(torch::nn::Module& module, torch::Generator generator, double slope) {
  for (const auto& child : module.modules(/*include_self=*/false))
    if (auto convolution = std::dynamic_pointer_cast<ConvolutionImpl>(child)) convolution->initialize(generator, slope);
}

}  // namespace medvol::networks
