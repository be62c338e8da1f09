#pragma once
#include <ATen/core/Tensor.h>

#include <optional>

#include "framework/imaging/grid_transform.h"
#include "framework/imaging/volume.h"
#include "framework/plan/plan.h"

namespace medvol::datasets {

/// A case as the network sees it.
struct PreprocessedCase {
  at::Tensor image;                  ///< float32 [C, D, H, W], axes in plan order (plan::Plan)
  at::Tensor labels;                 ///< uint8 [D, H, W], classes (plan::Plan); undefined when none were given
  imaging::GridTransform transform;  ///< the way back to the file's grid
};

/// Orients to RAS, puts the axes in plan order, crops to the voxels that are non-zero in any channel (holes filled),
/// normalises, resamples to the plan's spacing (2D: the slices are kept). Training and inference share it.
/// The voxels are those of nnU-Net v2's DefaultPreprocessor behind its NibabelIOWithReorient
/// (tests/datasets/golden/nnunet_preprocessing.py), but for two things: the background outside the non-zero region is
/// class 0 and not -1, and a z-score inside the mask looks at no label, where nnU-Net adds labelled voxels of value 0
/// to the mask, so that it normalises a case differently in training and in prediction.
/// image: [C, D, H, W] in file order; labels: [D, H, W] on the same grid. Throws core::UserError, without a path, when
/// the number of channels is not the plan's or a voxel is NaN or infinite.
PreprocessedCase preprocess_case(const imaging::Volume& image, const std::optional<imaging::Volume>& labels,
                                 const plan::Plan& plan);

}  // namespace medvol::datasets
