#pragma once
#include <ATen/core/Tensor.h>

#include <array>

#include "datasets/augmentation/source_patch.h"

/// Changes of rows [R, D, H, W], float32, each a new tensor; what they follow is in the CPU engine's files.
namespace medvol::datasets {

/// `z` [R, D, D], `y` [R, H, H], `x` [R, W, W]: see axis_matrix.h.
at::Tensor apply_along_axes(const at::Tensor& rows, const at::Tensor& z, const at::Tensor& y, const at::Tensor& x);

/// One volume [D, H, W] along one of its axes: `matrix` [n, n], or [n²].
at::Tensor multiply_along(const at::Tensor& volume, int64_t axis, const at::Tensor& matrix);

/// Contrast: `factor` [R, 1, 1, 1].
at::Tensor stretch_rows(const at::Tensor& rows, const at::Tensor& factor, bool keep_range);

/// Gamma curve: `gamma` [R, 1, 1, 1].
at::Tensor curve_rows(const at::Tensor& rows, const at::Tensor& gamma, bool inverted);

/// local_window.h's local_gamma; `window` as the rows, `gamma` [R, 1, 1, 1].
at::Tensor local_gamma_rows(const at::Tensor& rows, const at::Tensor& window, const at::Tensor& gamma);

/// `strength` [R, 1, 1, 1].
at::Tensor sharpen_rows(const at::Tensor& rows, const at::Tensor& strength);

/// Median of one volume [D, H, W]; `mirrored`: for each axis the int64 indices of the volume continued by edge / 2
/// voxels before and (edge − 1) / 2 behind.
at::Tensor median_volume(const at::Tensor& volume, int64_t edge, const std::array<at::Tensor, 3>& mirrored);

}  // namespace medvol::datasets
