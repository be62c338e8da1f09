#pragma once
#include <cstdint>

#include "datasets/augmentation/augmentation_options.h"
#include "datasets/augmentation/source_patch.h"
#include "framework/runtime/philox.h"

namespace medvol::datasets {

/// Spoils the labels that the stage before gave, so that a cascade's second stage learns not to trust them: labels in
/// random order are dilated, eroded, opened or closed with a ball (radius in voxels, real; what a label gains others
/// lose, what it loses is background), then components, connected by corners, are taken out. nnU-Net's two transforms
/// for cascades; it builds balls of a radius that is no whole number on a grid beside the voxels, here they are the
/// voxels within the radius. Labels 1 to `classes` are changed, in place: uint8 [D, H, W].
void spoil(uint8_t* labels, const Index3& size, int64_t classes, const AugmentationOptions& options,
           runtime::Philox& random);

/// Label k (1 to `classes`) as a channel of ones and zeros at k − 1: float [classes, voxels]. Other labels are none.
void one_hot(const uint8_t* labels, int64_t voxels, int64_t classes, float* out);

}  // namespace medvol::datasets
