#include "framework/runtime/small_convolution.h"

#include <vector>

#include <ATen/Context.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/mkldnn_convolution.h>
#include <ATen/ops/slow_conv3d_native.h>
#include <ATen/ops/thnn_conv2d_native.h>
#include <torch/library.h>

namespace medvol::runtime {
namespace {

using Bias = std::optional<at::Tensor>;

bool onednn_takes(const at::Tensor& x, const at::Tensor& weight) {
  return at::globalContext().userEnabledMkldnn() && x.scalar_type() == at::kFloat &&
         weight.scalar_type() == at::kFloat && x.numel() > 0 && x.dim() == weight.dim();
}

at::Tensor by_onednn(const at::Tensor& x, const at::Tensor& weight, const Bias& bias, at::IntArrayRef stride,
                     at::IntArrayRef padding) {
  const std::vector<int64_t> dilation(static_cast<size_t>(x.dim() - 2), 1);
  return at::mkldnn_convolution(x, weight, bias, padding, stride, dilation, /*groups=*/1);
}

at::Tensor convolution_3d(const at::Tensor& x, const at::Tensor& weight, at::IntArrayRef kernel, const Bias& bias,
                          at::IntArrayRef stride, at::IntArrayRef padding) {
  return onednn_takes(x, weight) ? by_onednn(x, weight, bias, stride, padding)
                                 : at::native::slow_conv3d(x, weight, kernel, bias, stride, padding);
}

at::Tensor convolution_2d(const at::Tensor& x, const at::Tensor& weight, at::IntArrayRef kernel, const Bias& bias,
                          at::IntArrayRef stride, at::IntArrayRef padding) {
  return onednn_takes(x, weight) ? by_onednn(x, weight, bias, stride, padding)
                                 : at::native::thnn_conv2d(x, weight, kernel, bias, stride, padding);
}

}  // namespace

void use_onednn_for_small_images() {
  // at::convolution, which has the derivative, calls these below autograd. Above it they stay LibTorch's.
  static const auto libraries = [] {
    std::vector<torch::Library> made;
    made.emplace_back(torch::Library::IMPL, "aten", c10::DispatchKey::CPU, __FILE__, __LINE__);
    made.back().impl("slow_conv3d", TORCH_FN(convolution_3d));
    made.back().impl("thnn_conv2d", TORCH_FN(convolution_2d));
    made.emplace_back(torch::Library::IMPL, "aten", c10::DispatchKey::AutogradCPU, __FILE__, __LINE__);
    made.back().impl("slow_conv3d", TORCH_FN(at::native::slow_conv3d));
    made.back().impl("thnn_conv2d", TORCH_FN(at::native::thnn_conv2d));
    return made;
  }();
}

}  // namespace medvol::runtime
