#pragma once
#include <array>
#include <vector>

#include "datasets/augmentation/augmentation_draws.h"
#include "datasets/augmentation/source_patch.h"

namespace medvol::datasets {

/// Weights of control points at each of `size` voxels, [size, points]: a cubic B-spline of points − 3 equal pieces from
/// the first voxel to the last. One point: 1 everywhere.
std::vector<float> spline_weights(int64_t size, int64_t points);

/// The gather of spatial.h with a bent output grid: the drawn displacement is added to the offset from the patch centre
/// before `matrix`. Voxel by voxel.
void gather_elastic(const SourcePatch& source, const Index3& patch_size, const AugmentationDraws& draws,
                    float* image_out, uint8_t* labels_out);

}  // namespace medvol::datasets
