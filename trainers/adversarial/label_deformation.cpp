#include "trainers/adversarial/label_deformation.h"

#include <torch/nn/functional/vision.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "framework/core/error.h"

namespace medvol::trainers {
namespace {

/// Rotation about z, y and x, one after the other, times a scale; rows and columns z, y, x.
torch::Tensor affine_matrix(const DeformationOptions& options, bool in_plane, runtime::Philox& random) {
  torch::Tensor matrix = torch::eye(3, torch::kFloat64);
  for (int64_t axis = 0; axis < 3; ++axis) {
    const double angle = random.uniform(-1, 1) * options.degrees * std::numbers::pi / 180;
    if (in_plane && axis > 0) continue;
    const int64_t a = (axis + 1) % 3, b = (axis + 2) % 3;
    torch::Tensor turn = torch::eye(3, torch::kFloat64);
    turn[a][a] = turn[b][b] = std::cos(angle);
    turn[a][b] = -std::sin(angle);
    turn[b][a] = std::sin(angle);
    matrix = torch::matmul(turn, matrix);
  }
  matrix = matrix * (1 + random.uniform(-1, 1) * options.scaling);
  if (in_plane) {
    matrix[0].zero_();
    matrix[0][0] = 1;
  }
  return matrix;
}

/// [length, intervals + 3]: what each control point adds at each voxel of an axis.
torch::Tensor spline_weights(int64_t length, int64_t intervals) {
  torch::Tensor weights = torch::zeros({length, intervals + 3}, torch::kFloat64);
  auto at = weights.accessor<double, 2>();
  for (int64_t i = 0; i < length; ++i) {
    const double position = length > 1 ? double(i) * double(intervals) / double(length - 1) : 0;
    const auto first = std::min(static_cast<int64_t>(position), intervals - 1);
    const double u = position - double(first), v = 1 - u;
    at[i][first] = v * v * v / 6;
    at[i][first + 1] = (3 * u * u * u - 6 * u * u + 4) / 6;
    at[i][first + 2] = (3 * v * v * v - 6 * v * v + 4) / 6;
    at[i][first + 3] = u * u * u / 6;
  }
  return weights;
}

/// Displacement of every voxel, [3, D, H, W] mm, z, y, x first.
torch::Tensor bending(torch::IntArrayRef size, double deviation, bool in_plane, int64_t intervals,
                      runtime::Philox& random) {
  const int64_t points = intervals + 3;
  torch::Tensor field = torch::zeros({3, points, points, points}, torch::kFloat64);
  double* values = field.data_ptr<double>();
  for (int64_t i = 0; i < field.numel(); ++i) values[i] = deviation * random.normal();
  if (in_plane) field[0].zero_();
  for (int64_t axis = 0; axis < 3; ++axis)
    field = torch::tensordot(field, spline_weights(size[static_cast<size_t>(axis)], intervals), {1}, {1});
  return field;  // each pass moved its axis to the end: z, y, x stand in order again
}

/// Where each voxel takes its label from, in voxels: [3, D, H, W].
torch::Tensor sources(torch::IntArrayRef size, const std::array<double, 3>& spacing, bool in_plane,
                      const DeformationOptions& options, runtime::Philox& random) {
  std::vector<torch::Tensor> axes;
  double longest = 0;
  for (size_t axis = 0; axis < 3; ++axis) {
    const double middle = double(size[axis] - 1) / 2;
    axes.push_back((torch::arange(size[axis], torch::kFloat64) - middle) * spacing[axis]);
    longest = std::max(longest, double(size[axis]) * spacing[axis]);
  }
  const torch::Tensor here = torch::stack(torch::meshgrid(axes, "ij"));
  torch::Tensor there = torch::tensordot(affine_matrix(options, in_plane, random), here, {1}, {0});
  if (options.elastic > 0)
    there = there + bending(size, options.elastic * longest, in_plane, options.control_intervals, random);
  for (size_t axis = 0; axis < 3; ++axis) {
    const auto row = there[static_cast<int64_t>(axis)];
    row.div_(spacing[axis]).add_(double(size[axis] - 1) / 2);
  }
  return there;
}

/// grid_sample's grid, align_corners: [1, D, H, W, 3], x first, ends of each axis at ∓1.
torch::Tensor sampling_grid(const torch::Tensor& sources, torch::IntArrayRef size) {
  std::vector<torch::Tensor> xyz;
  for (int64_t axis = 2; axis >= 0; --axis) {
    const double last = double(std::max<int64_t>(size[static_cast<size_t>(axis)] - 1, 1));
    xyz.push_back(sources[axis] * (2 / last) - 1);
  }
  return torch::stack(xyz, -1).unsqueeze(0).to(torch::kFloat32);
}

}  // namespace

torch::Tensor deform_labels(const torch::Tensor& labels, const std::array<double, 3>& spacing, bool in_plane,
                            const DeformationOptions& options, runtime::Philox& random) {
  MEDVOL_CHECK(labels.dim() == 3 && labels.scalar_type() == torch::kUInt8, "labels are uint8 [D, H, W]");
  if (options.degrees == 0 && options.scaling == 0 && options.elastic == 0) return labels.clone();
  const torch::NoGradGuard no_grad;
  const torch::Tensor grid = sampling_grid(sources(labels.sizes(), spacing, in_plane, options, random), labels.sizes());
  const auto sampling = torch::nn::functional::GridSampleFuncOptions()
                            .mode(torch::kBilinear)
                            .padding_mode(torch::kZeros)
                            .align_corners(true);
  torch::Tensor best = torch::zeros(labels.sizes()), background = torch::ones(labels.sizes());
  torch::Tensor deformed = torch::zeros_like(labels);
  const torch::Tensor present = std::get<0>(at::_unique(labels, /*sorted=*/true));
  for (int64_t i = 0; i < present.numel(); ++i) {
    const int64_t label = present[i].item<int64_t>();
    if (label == 0) continue;
    const torch::Tensor is_label = (labels == label).to(torch::kFloat32).unsqueeze(0).unsqueeze(0);
    const torch::Tensor share = torch::nn::functional::grid_sample(is_label, grid, sampling)[0][0];
    const torch::Tensor wins = share > best;
    deformed.masked_fill_(wins, label);
    best = torch::maximum(best, share);
    background -= share;
  }
  return deformed.masked_fill_(background >= best, 0);
}

}  // namespace medvol::trainers
