#include "framework/geometry/coordinates.h"

#include <ATen/ATen.h>

#include <cmath>

#include "framework/core/error.h"

namespace medvol::geometry {
namespace {

/// Column j: the step in the patient, mm, from a voxel to the next along index axis j.
at::Tensor index_axes(const imaging::Geometry& geometry) {
  at::Tensor axes = at::empty({3, 3}, at::kDouble);
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j)
      axes.data_ptr<double>()[3 * i + j] = geometry.direction[size_t(3 * i + j)] * geometry.spacing[size_t(j)];
  return axes;
}

at::Tensor origin(const imaging::Geometry& geometry) {
  return at::tensor({geometry.origin[0], geometry.origin[1], geometry.origin[2]}, at::kDouble);
}

double determinant(const imaging::Geometry& geometry) {
  const auto& d = geometry.direction;
  return d[0] * (d[4] * d[8] - d[5] * d[7]) - d[1] * (d[3] * d[8] - d[5] * d[6]) + d[2] * (d[3] * d[7] - d[4] * d[6]);
}

}  // namespace

at::Tensor to_physical(const at::Tensor& indices, const imaging::Geometry& geometry) {
  return indices.to(at::kDouble).matmul(index_axes(geometry).t()) + origin(geometry);
}

at::Tensor to_indices(const at::Tensor& points, const imaging::Geometry& geometry) {
  if (!(std::abs(determinant(geometry)) > 1e-6))
    throw core::UserError("the axes of the image lie in one plane", geometry.text(), "its direction matrix is damaged");
  return (points.to(at::kDouble) - origin(geometry)).matmul(at::linalg_inv(index_axes(geometry)).t());
}

bool is_mirrored(const imaging::Geometry& geometry) { return determinant(geometry) < 0; }

at::Tensor sample_image(const at::Tensor& image, const imaging::Geometry& geometry, const at::Tensor& points) {
  MEDVOL_CHECK(image.dim() == 4, "an image is [C, D, H, W]");
  // grid_sample wants x, y, z in −1 … 1 between the centres of the outermost voxels.
  const at::Tensor last = at::tensor({image.size(3) - 1, image.size(2) - 1, image.size(1) - 1}, at::kDouble);
  const at::Tensor scaled = to_indices(points, geometry) * 2 / last.clamp_min(1) - 1;
  const at::Tensor grid = scaled.to(at::kFloat).view({1, -1, 1, 1, 3});
  constexpr int64_t bilinear = 0, border = 1;
  const at::Tensor values =
      at::grid_sampler_3d(image.to(at::kFloat).unsqueeze(0), grid, bilinear, border, /*align_corners=*/true);
  return values.view({image.size(0), -1}).t().contiguous();
}

}  // namespace medvol::geometry
