#include "losses/segmentation/signed_distance.h"

#include <ATen/Parallel.h>

#include <algorithm>

#include "framework/core/error.h"
#include "losses/metrics/distance_field.h"

namespace medvol::losses {
namespace {

constexpr uint8_t inside_bit = 1, outside_bit = 2;

/// One object of one sample; `sides`: a bit a voxel.
void fill(const std::vector<uint8_t>& sides, std::array<int64_t, 3> size, std::array<double, 3> spacing, float* into) {
  const auto has = [&](uint8_t bit) { return std::find(sides.begin(), sides.end(), bit) != sides.end(); };
  if (!has(inside_bit) || !has(outside_bit)) return;
  const metrics::DistanceField to_inside(sides, inside_bit, size, spacing),
      to_outside(sides, outside_bit, size, spacing);
  at::parallel_for(0, size[0] * size[1], 16, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t z = row / size[1], y = row % size[1];
      for (int64_t x = 0, at = row * size[2]; x < size[2]; ++x, ++at)
        into[at] = static_cast<float>(sides[static_cast<size_t>(at)] == inside_bit ? -to_outside.at(z, y, x)
                                                                                   : to_inside.at(z, y, x));
    }
  });
}

}  // namespace

torch::Tensor signed_distance(const torch::Tensor& object, const std::vector<double>& spacing,
                              const torch::Tensor& like) {
  const int64_t axes = object.dim() - 2;
  MEDVOL_CHECK(axes == 2 || axes == 3, "an object of {} axes", axes);
  if (!spacing.empty() && static_cast<int64_t>(spacing.size()) != axes)
    throw core::UserError(fmt::format("{} numbers for {} axes", spacing.size(), axes), "loss.spacing",
                          "give the voxel spacing along (z,) y, x, or nothing to count in voxels");
  std::array<int64_t, 3> size{1, 1, 1};
  std::array<double, 3> steps{1, 1, 1};
  for (int64_t axis = 0; axis < axes; ++axis) {
    const auto place = static_cast<size_t>(axis + 3 - axes);
    size[place] = object.size(axis + 2);
    if (!spacing.empty()) steps[place] = spacing[static_cast<size_t>(axis)];
  }
  const torch::NoGradGuard no_grad;
  const torch::Tensor sides = torch::where(object, inside_bit, outside_bit).to(torch::kUInt8).cpu().contiguous();
  const torch::Tensor distance = torch::zeros(object.sizes(), torch::kFloat32);
  const int64_t voxels = size[0] * size[1] * size[2];
  for (int64_t i = 0; voxels > 0 && i < sides.numel() / voxels; ++i) {
    const uint8_t* first = sides.data_ptr<uint8_t>() + i * voxels;
    fill({first, first + voxels}, size, steps, distance.data_ptr<float>() + i * voxels);
  }
  return distance.to(like.options());
}

}  // namespace medvol::losses
