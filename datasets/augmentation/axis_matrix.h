#pragma once
#include <cstdint>
#include <vector>

namespace medvol::datasets {

/// Steps that are linear along each axis, as matrices [size, size], row by row: what the output voxel takes of each
/// input voxel. For engines without loops of their own; the same numbers as blur.h and low_resolution.h.
std::vector<float> blur_matrix(double sigma, int64_t size);
std::vector<float> low_resolution_matrix(double scale, int64_t size);
std::vector<float> identity_matrix(int64_t size);

}  // namespace medvol::datasets
