#include "networks/blocks/convolution.h"

#include <cmath>

#include "framework/core/error.h"

namespace medvol::networks {

ConvolutionImpl::ConvolutionImpl(ConvolutionOptions options) : options_(std::move(options)) {
  MEDVOL_CHECK(options_.kernel_size.size() == options_.stride.size(), "kernel and stride differ in length");
  std::vector<int64_t> shape{options_.out_channels, options_.in_channels};
  if (options_.transposed) std::swap(shape[0], shape[1]);
  shape.insert(shape.end(), options_.kernel_size.begin(), options_.kernel_size.end());
  for (const int64_t size : options_.kernel_size) padding_.push_back(options_.transposed ? 0 : (size - 1) / 2);
  weight_ = register_parameter("weight", torch::zeros(shape));
  if (options_.bias) bias_ = register_parameter("bias", torch::zeros({options_.out_channels}));
}

torch::Tensor ConvolutionImpl::forward(const torch::Tensor& x) {
  const std::vector<int64_t> ones(padding_.size(), 1), zeros(padding_.size(), 0);
  // The named convolutions, not at::convolution: autocast lists them, and ONNX and profiles call them by these names.
  if (padding_.size() == 3)
    return options_.transposed ? torch::conv_transpose3d(x, weight_, bias_, options_.stride, padding_, zeros, 1, ones)
                               : torch::conv3d(x, weight_, bias_, options_.stride, padding_, ones);
  return options_.transposed ? torch::conv_transpose2d(x, weight_, bias_, options_.stride, padding_, zeros, 1, ones)
                             : torch::conv2d(x, weight_, bias_, options_.stride, padding_, ones);
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
