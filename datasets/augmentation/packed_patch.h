#pragma once
#include <ATen/core/Tensor.h>

#include "datasets/augmentation/augmentation_draws.h"
#include "datasets/augmentation/source_patch.h"

namespace medvol::datasets {

/// A sample on its way to a device: what was drawn for it, and of its image no more than these draws read.
struct PackedPatch {
  AugmentationDraws draws;
  at::Tensor image;    ///< [C, D, H, W], float16 or float32 as it is stored
  at::Tensor labels;   ///< uint8 [D, H, W]
  SourcePatch source;  ///< where the sample lies: sizes and positions; its pointers may be gone
  /// First voxel of `image` in the source's image. Nothing that can be read lies outside, but for a plain crop, which
  /// is packed whole, with zeros outside the image.
  Index3 begin{};
};

/// Copies what `draws` reads of `source`. `pinned`: into page-locked memory, which a GPU fetches by itself (needs
/// CUDA).
PackedPatch pack(const AugmentationSpecification& specification, const SourcePatch& source,
                 const AugmentationDraws& draws, bool pinned);

}  // namespace medvol::datasets
