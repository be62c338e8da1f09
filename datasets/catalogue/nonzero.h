#pragma once
#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>

namespace medvol::datasets {

/// A box of voxels, z, y, x.
struct Box {
  std::array<int64_t, 3> begin{}, size{};
};

/// The smallest box around the voxels of [C, D, H, W] float32 that are not 0 in some channel; the whole grid when all
/// are 0. (Filling holes, as nnU-Net does before, cannot change it.)
Box nonzero_box(const at::Tensor& image);

/// The voxels that are not 0 in some channel, with holes filled: background that no path of face neighbours joins to
/// the border (scipy's binary_fill_holes). bool [D, H, W].
at::Tensor nonzero_mask(const at::Tensor& image);

}  // namespace medvol::datasets
