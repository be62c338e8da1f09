#pragma once
#include <ATen/core/Tensor.h>

#include <optional>

#include "framework/imaging/grid_transform.h"
#include "framework/imaging/volume.h"
#include "framework/plan/plan.h"

namespace medvol::datasets {

/// A case as the network sees it.
struct PreprocessedCase {
  at::Tensor image;                  ///< float32 [C, D, H, W]
  at::Tensor labels;                 ///< uint8 [D, H, W], classes (plan::Plan); undefined when none were given
  imaging::GridTransform transform;  ///< the way back to the file's grid
};

/// Orients to RAS, crops to the voxels that are non-zero in any channel (holes filled), normalises, resamples to the
/// plan's spacing (2D: the slices are kept). Training and inference share it.
/// image: [C, D, H, W] in file order; labels: [D, H, W] on the same grid. Throws core::UserError, without a path, when
/// the number of channels is not the plan's or a voxel is NaN or infinite.
PreprocessedCase preprocess_case(const imaging::Volume& image, const std::optional<imaging::Volume>& labels,
                                 const plan::Plan& plan);

}  // namespace medvol::datasets
