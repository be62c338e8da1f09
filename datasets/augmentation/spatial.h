#pragma once
#include <cstdint>
#include <vector>

#include "datasets/augmentation/augmentation_draws.h"
#include "datasets/augmentation/source_patch.h"

namespace medvol::datasets {

/// The middle of the box, its axes in the drawn order and mirrored: voxel size/2 - patch/2 of the box (whole numbers)
/// is the first of what is taken.
void crop(const SourcePatch& source, const Index3& patch_size, const AugmentationDraws& draws, float* image_out,
          uint8_t* labels_out);

/// Affine map, crop, order of axes and mirror in one gather: output voxel o takes the source at
///   (box middle) + matrix · (o − (patch − 1) / 2, reordered and mirrored).
/// Image: trilinear, 0 beyond the box (torch's grid_sample with align_corners = false and zero padding). Labels: each
/// of the labels among the eight neighbours gathers their linear weights, and the heaviest wins (the smaller of
/// equals), so that no label is invented; what lies outside the image votes too, as nnU-Net's label -1, and becomes 0.
/// With `in_plane`, slices stay slices and only y and x are interpolated. The vectors are scratch memory.
void gather(const SourcePatch& source, const Index3& patch_size, bool in_plane, const AugmentationDraws& draws,
            float* image_out, uint8_t* labels_out, std::vector<float>& shares, std::vector<int32_t>& offsets);

}  // namespace medvol::datasets
