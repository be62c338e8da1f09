#pragma once
#include <ATen/core/Tensor.h>

#include <vector>

namespace medvol::imaging {

/// Where an image's intensities stand: its percentiles 1, 10, 20, …, 90, 99 over the voxels of `inside` (bool, the
/// image's shape), linearly between sorted values. Eleven numbers, ascending. Throws core::UserError when no voxel is
/// inside.
std::vector<double> intensity_landmarks(const at::Tensor& image, const at::Tensor& inside);

/// Histogram matching (Nyúl, Udupa, Zhang, IEEE TMI 19(2):143, 2000): intensities go from one set of landmarks to
/// another, linearly between two of them and on with the outermost slope beyond. It rises, so it has an inverse: the
/// same with `from` and `to` changed. Landmarks of one value (an image of few intensities) are taken as one.
at::Tensor match_intensities(const at::Tensor& image, const std::vector<double>& from, const std::vector<double>& to);

}  // namespace medvol::imaging
