#include "networks/blocks/cubic_convolution.h"

namespace medvol::networks {

ConvolutionOptions cubic_convolution(int64_t axes, int64_t in_channels, int64_t out_channels, int64_t kernel,
                                     int64_t stride) {
  const auto count = static_cast<size_t>(axes);
  ConvolutionOptions options;
  options.in_channels = in_channels;
  options.out_channels = out_channels;
  options.kernel_size.assign(count, kernel);
  options.stride.assign(count, stride);
  options.bias = false;
  return options;
}

ConvolutionOptions cubic_upsampling(int64_t axes, int64_t in_channels, int64_t out_channels, int64_t factor) {
  ConvolutionOptions options = cubic_convolution(axes, in_channels, out_channels, factor, factor);
  options.transposed = true;
  return options;
}

}  // namespace medvol::networks
