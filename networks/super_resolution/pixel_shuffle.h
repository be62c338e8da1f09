#pragma once
#include <vector>

#include <torch/types.h>

namespace medvol::networks {

/// Sub-pixel rearrangement (Shi et al., CVPR 2016) of any number of spatial axes: x [N, C·Πr, (D,) H, W] →
/// [N, C, (r_z D,) r_y H, r_x W], where channel ((c·r_z + i)·r_y + j)·r_x + k goes to offset (i, j, k); in 2D with
/// equal factors it is torch's pixel_shuffle. No size of x enters a trace of it.
torch::Tensor pixel_shuffle(const torch::Tensor& x, const std::vector<int64_t>& factors);

/// The inverse of pixel_shuffle: [N, C, (r_z D,) …] → [N, C·Πr, (D,) …].
torch::Tensor pixel_unshuffle(const torch::Tensor& x, const std::vector<int64_t>& factors);

/// ICNR (Aitken et al. 2017): gives all `count` sub-pixels of a channel the same kernel, so that a convolution with
/// this weight before pixel_shuffle starts as nearest-neighbour up-sampling, without a checkerboard.
/// weight: [C·count, in, …], changed in place.
void share_subpixel_kernels(torch::Tensor weight, int64_t count);

}  // namespace medvol::networks
