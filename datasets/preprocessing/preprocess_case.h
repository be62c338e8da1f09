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

/// Label maps of a file's grid as the classes that training counts, on the network's grid: uint8 [D, H, W].
/// Throws core::UserError, without a path, when they lie on another grid or hold a label that is above 255.
at::Tensor classes_on_network_grid(const imaging::Volume& labels, const imaging::GridTransform& transform,
                                   const plan::Plan& plan);

/// What a network of a cascade gets: the image [C, D, H, W], and labels 1 to `labels` of the stage before [D, H, W] as
/// a channel of ones and zeros each. [C + labels, D, H, W], of the image's type.
at::Tensor with_previous_stage(const at::Tensor& image, const at::Tensor& previous, int64_t labels);

}  // namespace medvol::datasets
