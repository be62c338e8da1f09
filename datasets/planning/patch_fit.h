#pragma once
#include <cmath>
#include <cstdint>
#include <functional>
#include <numeric>
#include <optional>
#include <vector>

#include "datasets/planning/preset.h"
#include "framework/plan/plan.h"

namespace medvol::datasets {

/// In the order of the values, in double, as numpy's prod of so few.
template <class T>
double product(const std::vector<T>& values) {
  return std::accumulate(values.begin(), values.end(), 1.0,
                         [](double so_far, T value) { return so_far * double(value); });
}

/// Rounds half to even, as Python does.
inline double python_round(double value) { return std::nearbyint(value); }

/// What patch and batch must fit into.
struct PatchMemory {
  const Preset& preset;
  double gigabytes;
  int64_t outputs;  ///< channels of the segmentation head
};

/// Patch, batch and network of one configuration.
struct PatchFit {
  std::vector<int64_t> patch_size;
  int64_t batch_size;
  plan::Topology topology;  ///< of 32 features at first
};

/// The largest patch of the median image's aspect, then the largest batch, that the memory holds
/// (`get_plans_for_configuration`): two or three axes, in plan order. `voxels`: of the whole data set. `given`: this
/// patch instead, padded up. Nothing when it is too small to halve.
std::optional<PatchFit> fit_patch(const PatchMemory& memory, const std::vector<double>& spacing,
                                  const std::vector<double>& median_shape, double voxels,
                                  const std::vector<int64_t>& given = {});

}  // namespace medvol::datasets
