#pragma once
#include <ATen/core/Tensor.h>

namespace medvol::imaging {

/// Which voxels hang together: those that share a face (6 neighbours), or a corner at least (26).
enum class Connectivity { faces, corners };

/// The components of a mask, bool [D, H, W], by size: 1 is the largest, the first found of several as large; 0 is what
/// lies outside. int32 [D, H, W].
at::Tensor components(const at::Tensor& mask, Connectivity connectivity = Connectivity::faces);

/// components() == 1.
at::Tensor largest_component(const at::Tensor& mask);

}  // namespace medvol::imaging
