#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>

#include "framework/imaging/volume.h"

namespace medvol::imaging {

struct BiasFieldOptions {
  int64_t shrink = 4;       ///< the field is sought on a grid this many times coarser
  int64_t levels = 4;       ///< meshes of control points, each twice as fine as the one before
  int64_t iterations = 50;  ///< at most, a level
};

/// The slowly varying factor that a receive coil lays over an MR image: N4 (Tustison et al., IEEE TMI 29(6):1310,
/// 2010), by ITK. image: float32 [D, H, W]; `inside`: bool [D, H, W], the voxels that are looked at; those that are
/// not positive are passed over, as N4 works on logarithms. Returns float32 [D, H, W], positive, with geometric mean 1
/// over those voxels: image / field is the corrected image, corrected · field the old one. All ones when no voxel
/// counts.
at::Tensor bias_field(const at::Tensor& image, const at::Tensor& inside, const Geometry& geometry,
                      const BiasFieldOptions& options = {});

}  // namespace medvol::imaging
