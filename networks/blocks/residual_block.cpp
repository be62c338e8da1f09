#include "networks/blocks/residual_block.h"

namespace medvol::networks {

ConvNormImpl::ConvNormImpl(const ConvolutionOptions& options) {
  conv_ = register_module("conv", Convolution(options));
  norm_ = register_module("norm", InstanceNorm(options.out_channels));
}

torch::Tensor ConvNormImpl::forward(const torch::Tensor& x) { return norm_->forward(conv_->forward(x)); }

void ConvNormImpl::close() {
  const torch::NoGradGuard no_grad;
  for (torch::Tensor& parameter : norm_->parameters()) parameter.zero_();
}

ResidualBlockImpl::ResidualBlockImpl(const ConvolutionOptions& options, double negative_slope)
    : negative_slope_(negative_slope) {
  const std::vector<int64_t> ones(options.stride.size(), 1);
  conv1_ = register_module("conv1", ConvBlock(options, negative_slope));
  conv2_ = register_module(
      "conv2", ConvNorm(ConvolutionOptions{options.out_channels, options.out_channels, options.kernel_size, ones}));
  if (options.stride != ones) pooling_ = options.stride;
  if (options.in_channels == options.out_channels) return;
  const auto skip = register_module("skip", std::make_shared<torch::nn::Module>());
  const ConvolutionOptions pointwise{options.in_channels, options.out_channels, ones, ones, /*bias=*/false};
  projection_ = skip->register_module(pooling_.empty() ? "0" : "1", ConvNorm(pointwise));
}

torch::Tensor ResidualBlockImpl::forward(const torch::Tensor& x) {
  torch::Tensor shortcut = x;
  if (pooling_.size() == 3) shortcut = torch::avg_pool3d(shortcut, pooling_, pooling_);
  if (pooling_.size() == 2) shortcut = torch::avg_pool2d(shortcut, pooling_, pooling_);
  if (!projection_.is_empty()) shortcut = projection_->forward(shortcut);
  return torch::leaky_relu(conv2_->forward(conv1_->forward(x)) + shortcut, negative_slope_);
}

void ResidualBlockImpl::close() { conv2_->close(); }

StackedResidualBlocksImpl::StackedResidualBlocksImpl(int64_t count, ConvolutionOptions first, double negative_slope) {
  blocks_ = register_module("blocks", torch::nn::ModuleList());
  for (int64_t i = 0; i < count; ++i) {
    blocks_->push_back(ResidualBlock(first, negative_slope));
    first.in_channels = first.out_channels;
    first.stride.assign(first.stride.size(), 1);
  }
}

torch::Tensor StackedResidualBlocksImpl::forward(torch::Tensor x) {
  for (const auto& block : *blocks_) x = block->as<ResidualBlockImpl>()->forward(x);
  return x;
}

void close_residual_blocks(torch::nn::Module& module) {
  for (const auto& child : module.modules(/*include_self=*/false))
    if (auto block = std::dynamic_pointer_cast<ResidualBlockImpl>(child)) block->close();
}

}  // namespace medvol::networks
