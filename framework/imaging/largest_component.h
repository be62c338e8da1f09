#pragma once
#include <ATen/core/Tensor.h>

namespace medvol::imaging {

/// The largest set of voxels of a mask, bool [D, H, W], that hang together by their faces (the first found of several
/// as large); nothing of an empty mask.
at::Tensor largest_component(const at::Tensor& mask);

}  // namespace medvol::imaging
