#pragma once
#include <ATen/core/Tensor.h>

#include "framework/imaging/volume.h"

namespace medvol::geometry {

/// Voxel indices (x, y, z; fractions allowed) → points in the patient, LPS, mm. [N, 3] float64 each way.
at::Tensor to_physical(const at::Tensor& indices, const imaging::Geometry& geometry);
/// Points in the patient → voxel indices (x, y, z). Throws core::UserError when the geometry cannot be inverted.
at::Tensor to_indices(const at::Tensor& points, const imaging::Geometry& geometry);
/// Whether the index axes x, y, z form a left-handed system in the patient.
bool is_mirrored(const imaging::Geometry& geometry);

/// Trilinear samples of `image` [C, D, H, W] at points [N, 3] (LPS, mm): [N, C] float32. Beyond the centres of the
/// outermost voxels the value there holds.
at::Tensor sample_image(const at::Tensor& image, const imaging::Geometry& geometry, const at::Tensor& points);

}  // namespace medvol::geometry
