#pragma once
#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <optional>

namespace medvol::imaging {

/// Shape after resampling, axis by axis: shape · old spacing / new spacing, rounded half to even (nnU-Net
/// `compute_new_shape`), at least 1.
std::array<int64_t, 3> resampled_shape(std::array<int64_t, 3> shape_zyx, std::array<double, 3> old_spacing_zyx,
                                       std::array<double, 3> new_spacing_zyx);

/// The one tensor axis (0 = z) that nnU-Net treats apart because its voxels are much longer: max / min spacing above 3
/// in the old grid, else in the new one, and a single longest axis. Empty: all three axes alike.
std::optional<int> anisotropic_axis(std::array<double, 3> old_spacing_zyx, std::array<double, 3> new_spacing_zyx);

/// Resamples float32 [C, D, H, W] to `target_zyx`. Voxel centres map by x = (i + 0.5) · in / out − 0.5; outside the
/// grid the edge value holds. `order` 0 nearest, 1 linear, 3 cubic B-spline with prefilter (Unser, IEEE Sig. Proc.
/// Mag. 1999), the result kept inside the input's range a channel. Equal to skimage.transform.resize(mode='edge',
/// anti_aliasing=False, clip=True, preserve_range=True), which nnU-Net calls. `separate_z`: axis 0 by nearest
/// neighbour, the two others by `order`, slice by slice (range kept a slice).
at::Tensor resample_image(const at::Tensor& image, std::array<int64_t, 3> target_zyx, int order,
                          bool separate_z = false);

/// The same with any axis (0, 1, 2) treated apart, as `anisotropic_axis` found it.
at::Tensor resample_image_apart(const at::Tensor& image, std::array<int64_t, 3> target_zyx, int order,
                                std::optional<int> apart);

/// Resamples integer labels [D, H, W], dtype kept. Order 0: nearest. Order 1: each label's mask linearly, and the
/// greatest label with at least 0.5 wins, 0 where none has (batchgenerators `resize_segmentation`). `apart`: that axis
/// by nearest neighbour.
at::Tensor resample_labels(const at::Tensor& labels, std::array<int64_t, 3> target_zyx, int order,
                           std::optional<int> apart = std::nullopt);

}  // namespace medvol::imaging
