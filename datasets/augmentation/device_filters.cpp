#include "datasets/augmentation/device_filters.h"

#include <ATen/Context.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/replication_pad3d.h>
#include <ATen/ops/sort.h>

namespace medvol::datasets {
namespace {

constexpr double smallest_range = 1e-7, smallest_local_range = 1e-8;  // intensity.cpp's and local_window.cpp's

at::Tensor mean_of(const at::Tensor& rows) { return rows.mean({1, 2, 3}, true); }
at::Tensor deviation_of(const at::Tensor& rows) {
  return rows.var(at::IntArrayRef{1, 2, 3}, /*unbiased=*/false, /*keepdim=*/true).sqrt();
}

}  // namespace

at::Tensor apply_along_axes(const at::Tensor& rows, const at::Tensor& z, const at::Tensor& y, const at::Tensor& x) {
  const at::NoTF32Guard exact;  // three digits are not enough for an image
  const auto sizes = rows.sizes();
  const at::Tensor along_z = at::matmul(z, rows.flatten(2)).view(sizes);
  const at::Tensor along_y = at::matmul(y.unsqueeze(1), along_z);
  return at::matmul(along_y.flatten(1, 2), x.transpose(1, 2)).view(sizes);
}

at::Tensor multiply_along(const at::Tensor& volume, int64_t axis, const at::Tensor& matrix) {
  const at::NoTF32Guard exact;
  const at::Tensor square = matrix.view({volume.size(axis), volume.size(axis)});
  if (axis == 0) return at::matmul(square, volume.flatten(1)).view(volume.sizes());
  return axis == 1 ? at::matmul(square, volume) : at::matmul(volume, square.t());
}

at::Tensor stretch_rows(const at::Tensor& rows, const at::Tensor& factor, bool keep_range) {
  const at::Tensor mean = mean_of(rows);
  const at::Tensor stretched = (rows - mean).mul_(factor).add_(mean);
  if (!keep_range) return stretched;
  return at::minimum(at::maximum(stretched, rows.amin({1, 2, 3}, true)), rows.amax({1, 2, 3}, true));
}

at::Tensor curve_rows(const at::Tensor& rows, const at::Tensor& gamma, bool inverted) {
  const at::Tensor values = inverted ? -rows : rows;
  const at::Tensor mean = mean_of(values), deviation = deviation_of(values), low = values.amin({1, 2, 3}, true);
  const at::Tensor range = values.amax({1, 2, 3}, true) - low;
  const at::Tensor curved = (values - low).div_(range.clamp_min(smallest_range)).clamp_(0, 1).pow_(gamma);
  const at::Tensor gain = range * deviation / (range * deviation_of(curved)).clamp_min(smallest_range);
  const at::Tensor restored = (curved - mean_of(curved)).mul_(gain).add_(mean);
  return inverted ? -restored : restored;
}

at::Tensor local_gamma_rows(const at::Tensor& rows, const at::Tensor& window, const at::Tensor& gamma) {
  const at::Tensor low = rows.amin({1, 2, 3}, true);
  const at::Tensor range = (rows.amax({1, 2, 3}, true) - low).clamp_min(smallest_local_range);
  const at::Tensor level = (rows - low).div_(range).clamp_(0, 1);
  return (level + window * (level.pow(gamma) - level)).mul_(range).add_(low);
}

at::Tensor sharpen_rows(const at::Tensor& rows, const at::Tensor& strength) {
  const at::Tensor padded = at::replication_pad3d(rows.unsqueeze(1), {1, 1, 1, 1, 1, 1}).squeeze(1);
  at::Tensor laplacian = rows * 6;
  for (int64_t axis = 1; axis <= 3; ++axis)
    for (const int64_t offset : {0, 2}) {
      at::Tensor neighbour = padded;
      for (int64_t other = 1; other <= 3; ++other)
        neighbour = neighbour.narrow(other, other == axis ? offset : 1, rows.size(other));
      laplacian = laplacian.sub_(neighbour);
    }
  return rows + laplacian.mul_(strength);
}

at::Tensor median_volume(const at::Tensor& volume, int64_t edge, const std::array<at::Tensor, 3>& mirrored) {
  at::Tensor continued = volume, result = at::empty_like(volume);
  int64_t count = 1;
  for (int64_t axis = 0; axis < 3; ++axis) {
    if (volume.size(axis) == 1) continue;
    continued = continued.index_select(axis, mirrored[static_cast<size_t>(axis)]);
    count *= edge;
  }
  at::Tensor windows = continued;
  for (int64_t axis = 0; axis < 3; ++axis) windows = windows.unfold(axis, volume.size(axis) == 1 ? 1 : edge, 1);
  for (int64_t z = 0; z < volume.size(0); ++z) {  // a slice at a time bounds the memory
    const at::Tensor values = windows.select(0, z).reshape({volume.size(1), volume.size(2), count});
    result.select(0, z).copy_(std::get<0>(values.sort(-1)).select(-1, count / 2));
  }
  return result;
}

}  // namespace medvol::datasets
