#pragma once
#include <array>
#include <cstdint>
#include <vector>

namespace medvol::imaging {

/// Where the voxels of a resampled axis take their values from: `count` neighbours each (1, 2 or 4 for order 0, 1, 3).
/// `first[i]` may be -2 … n_in - 2 for order 3, whose coefficients continue beyond the grid by 2.
struct AxisTaps {
  int count = 1;
  std::vector<int64_t> first;                  ///< index of the first neighbour of each output voxel
  std::vector<std::array<double, 4>> weights;  ///< of the neighbours, in double; unused ones are 0
};

/// Voxel centres map by x = (i + 0.5) · n_in / n_out − 0.5, held inside [0, n_in − 1] for order 0 and 1.
AxisTaps axis_taps(int64_t n_in, int64_t n_out, int order);

/// Resamples the middle axis of float32 [outer, n_in, inner] into [outer, n_out, inner], in double within a line. For
/// order 3 the line's B-spline coefficients are found first, the line continued by its end values.
void resample_axis(const float* in, float* out, int64_t outer, int64_t n_in, int64_t n_out, int64_t inner, int order);

}  // namespace medvol::imaging
