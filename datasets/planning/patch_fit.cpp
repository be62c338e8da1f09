#include "datasets/planning/patch_fit.h"

#include <algorithm>

#include "datasets/planning/pooling.h"
#include "framework/plan/feature_map_count.h"

namespace medvol::datasets {
namespace {

constexpr int64_t smallest_batch = 2;

/// nnU-Net's constants for a network of two or three dimensions, whatever the preset.
struct Reference {
  double batch_size, volume;
  int64_t most_features;
};
Reference reference(size_t axes) {
  return axes == 2 ? Reference{12, 2048.0 * 2048.0, 512} : Reference{2, 256.0 * 256.0 * 256.0, 320};
}

plan::Topology topology(const Pooling& pooling, bool residual) {
  const size_t stages = pooling.strides.size();
  plan::Topology shape;
  shape.kernel_sizes = pooling.kernel_sizes;
  shape.strides = pooling.strides;
  for (size_t stage = 0; stage < stages; ++stage)
    shape.features_per_stage.push_back(std::min<int64_t>(reference(pooling.patch_size.size()).most_features,
                                                         int64_t(32) << std::min<size_t>(stage, 20)));
  shape.residual_encoder = residual;
  if (residual) shape.convolutions_per_stage_encoder = {1, 3, 4};
  shape.convolutions_per_stage_encoder.resize(stages, residual ? 6 : 2);
  shape.convolutions_per_stage_decoder.assign(stages - 1, residual ? 1 : 2);
  return shape;
}

/// As large as the median image, of the spacing's aspect, at most 256³ (2048²) voxels.
std::vector<double> initial_patch(const std::vector<double>& spacing, const std::vector<double>& median_shape) {
  std::vector<double> inverse;
  for (const double mm : spacing) inverse.push_back(1 / mm);
  const double scale = std::pow(reference(spacing.size()).volume / product(inverse), 1.0 / double(spacing.size()));
  std::vector<double> patch;
  for (size_t axis = 0; axis < spacing.size(); ++axis)
    patch.push_back(std::min(python_round(inverse[axis] * scale), median_shape[axis]));
  return patch;
}

/// One step smaller along the axis that is largest against the median image (the last of equals).
Pooling shrink(const Pooling& from, const std::vector<double>& spacing, const std::vector<double>& median_shape) {
  size_t axis = 0;
  const auto ratio = [&](size_t i) { return double(from.patch_size[i]) / median_shape[i]; };
  for (size_t i = 1; i < spacing.size(); ++i)
    if (ratio(i) >= ratio(axis)) axis = i;
  // The step is what the next smaller patch must be a multiple of, which may be less than what this one must.
  std::vector<double> size(from.patch_size.begin(), from.patch_size.end()), probe = size;
  probe[axis] -= double(from.divisor[axis]);
  size[axis] -= double(plan_pooling(spacing, probe).divisor[axis]);
  return plan_pooling(spacing, size);
}

}  // namespace

std::optional<PatchFit> fit_patch(const PatchMemory& memory, const std::vector<double>& spacing,
                                  const std::vector<double>& median_shape, double voxels,
                                  const std::vector<int64_t>& given) {
  const Preset& preset = memory.preset;
  const Reference by = reference(spacing.size());
  const double budget = preset.feature_maps[spacing.size() - 2] * (memory.gigabytes / preset.gigabytes);
  // A batch of two must fit; the ResEnc planners ask for the reference's batch instead.
  const double batch_to_fit = preset.residual_encoder ? by.batch_size : 2;
  const auto feature_maps = [&](const Pooling& pooling) {
    return double(
        plan::feature_map_count(topology(pooling, preset.residual_encoder), pooling.patch_size, memory.outputs));
  };
  Pooling pooling = plan_pooling(
      spacing, given.empty() ? initial_patch(spacing, median_shape) : std::vector<double>(given.begin(), given.end()));
  if (pooling.strides.size() < 2) return std::nullopt;
  double maps = feature_maps(pooling);
  while (given.empty() && maps / by.batch_size * batch_to_fit > budget) {
    pooling = shrink(pooling, spacing, median_shape);
    if (pooling.strides.size() < 2) return std::nullopt;
    maps = feature_maps(pooling);
  }
  const double of_memory = python_round(budget / maps * by.batch_size);
  const double of_dataset = python_round(voxels * preset.largest_share_of_dataset / product(pooling.patch_size));
  return PatchFit{pooling.patch_size, std::max(static_cast<int64_t>(std::min(of_memory, of_dataset)), smallest_batch),
                  topology(pooling, preset.residual_encoder)};
}

}  // namespace medvol::datasets
