#include "networks/adversarial/spectral_convolution.h"

#include "framework/core/error.h"

namespace medvol::networks {
namespace {

constexpr double kEpsilon = 1e-12;

torch::Tensor unit(const torch::Tensor& x) { return x / x.norm().clamp_min(kEpsilon); }

}  // namespace

SpectralConvolutionImpl::SpectralConvolutionImpl(const ConvolutionOptions& options)
    : options_(Convolution(options)->options()) {  // with padding and dilation written out
  MEDVOL_CHECK(!options.transposed, "spectral normalisation of a transposed convolution");
  std::vector<int64_t> shape{options_.out_channels, options_.in_channels};
  shape.insert(shape.end(), options_.kernel_size.begin(), options_.kernel_size.end());
  weight_ = register_parameter("weight_orig", torch::zeros(shape));
  if (options_.bias) bias_ = register_parameter("bias", torch::zeros({options_.out_channels}));
  u_ = register_buffer("weight_u", unit(torch::ones({options_.out_channels})));
  v_ = register_buffer("weight_v", unit(torch::ones({weight_.numel() / options_.out_channels})));
}

void SpectralConvolutionImpl::iterate() {
  const torch::NoGradGuard no_grad;
  const torch::Tensor matrix = weight_.flatten(1);
  v_.copy_(unit(matrix.t().mv(u_)));
  u_.copy_(unit(matrix.mv(v_)));
}

torch::Tensor SpectralConvolutionImpl::normalized_weight() {
  // σ from rounded numbers would be wrong by 1 %.
  const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
  if (is_training()) iterate();
  // Copies: the next pass changes the buffers, perhaps before this one's backward.
  const torch::Tensor u = u_.clone(), v = v_.clone();
  return weight_ / u.dot(weight_.flatten(1).mv(v)).clamp_min(kEpsilon);
}

torch::Tensor SpectralConvolutionImpl::forward(const torch::Tensor& x) {
  const torch::Tensor weight = normalized_weight();
  return options_.stride.size() == 3
             ? torch::conv3d(x, weight, bias_, options_.stride, options_.padding, options_.dilation)
             : torch::conv2d(x, weight, bias_, options_.stride, options_.padding, options_.dilation);
}

void SpectralConvolutionImpl::start(torch::Generator generator) {
  const torch::NoGradGuard no_grad;
  u_.copy_(unit(torch::empty(u_.sizes()).normal_(0.0, 1.0, std::move(generator))));
  for (int step = 0; step < 15; ++step) iterate();
}

}  // namespace medvol::networks
