#pragma once
#include "networks/blocks/convolution.h"

namespace medvol::networks {

/// A convolution of the same kernel and stride on each of `axes` spatial axes; no bias, as beside a norm.
ConvolutionOptions cubic_convolution(int64_t axes, int64_t in_channels, int64_t out_channels, int64_t kernel,
                                     int64_t stride = 1);

/// Up-sampling by `factor` on each of `axes` spatial axes with a transposed convolution of that kernel; no bias.
ConvolutionOptions cubic_upsampling(int64_t axes, int64_t in_channels, int64_t out_channels, int64_t factor);

}  // namespace medvol::networks
