#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>

#include "framework/imaging/volume.h"

namespace medvol::datasets {

/// One examination of the phantom.
struct PhantomExamination {
  imaging::Volume image;   ///< float32 [1, D, H, W], whole numbers from 0 to about 1500
  imaging::Volume labels;  ///< int32 [D, H, W]: 1 liver, 2 spleen, 3 kidney
};

/// Draws examination `index` of the data set that `seed` names. About `size` voxels an axis; spacing between 1.4 and
/// 1.8 mm; axes stored in any of the 48 orders. A function of its three arguments alone.
PhantomExamination make_phantom(int64_t size, uint64_t seed, uint64_t index);

}  // namespace medvol::datasets
