#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "datasets/augmentation/source_patch.h"

namespace medvol::datasets {

/// Weights of a Gaussian as batchgeneratorsv2 samples it: the odd number of taps nearest to 6 sigma + ½ (between two,
/// the one on the side of the rounding), normalised to 1. Index r of the 2r + 1 is the centre.
std::vector<float> gaussian_weights(double sigma);

/// The voxel that stands in for one outside: reflected about the outermost voxel.
int64_t reflected(int64_t index, int64_t size);

/// Separable Gaussian blur of `values` [D, H, W] in place; borders are reflected about the outermost voxel. `sigma` in
/// voxels along z, y, x; 0 leaves an axis alone. The vectors are scratch memory.
void blur(float* values, const Index3& size, const std::array<double, 3>& sigma, std::vector<float>& planes,
          std::vector<float>& row);

}  // namespace medvol::datasets
