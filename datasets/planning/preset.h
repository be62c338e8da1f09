#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "datasets/planning/planner.h"

namespace medvol::datasets {

/// The constants of one of nnU-Net's planners: of networks of two dimensions first, then of three.
struct Preset {
  const char *planner, *plans_name;    ///< nnU-Net's names
  std::array<double, 2> feature_maps;  ///< that fill `gigabytes`: elements of all, of a sample (feature_map_count)
  double gigabytes;
  double largest_share_of_dataset;  ///< of all voxels, in one batch
  bool residual_encoder;
};

inline const Preset& preset_of(PlannerPreset preset) {
  // nnunetv2 2.8.1: default_experiment_planner.py, residual_encoder_unet_planners.py.
  static const std::array<Preset, 4> presets{{
      {"ExperimentPlanner", "nnUNetPlans", {85e6, 560e6}, 8, 0.05, false},
      {"nnUNetPlannerResEncM", "nnUNetResEncUNetMPlans", {135e6, 680e6}, 8, 1, true},
      {"nnUNetPlannerResEncL", "nnUNetResEncUNetLPlans", {380e6, 2100e6}, 24, 1, true},
      {"nnUNetPlannerResEncXL", "nnUNetResEncUNetXLPlans", {560e6, 3600e6}, 40, 1, true},
  }};
  return presets[static_cast<size_t>(preset)];
}

}  // namespace medvol::datasets
