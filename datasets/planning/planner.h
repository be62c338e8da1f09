#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "datasets/dataset.h"
#include "datasets/planning/fingerprint.h"
#include "framework/config/bind.h"
#include "framework/config/fields.h"
#include "framework/plan/plan.h"

namespace medvol::datasets {

/// nnU-Net's planners: ExperimentPlanner, nnUNetPlannerResEncM, L, XL.
enum class PlannerPreset { nnunet, resenc_m, resenc_l, resenc_xl };
config::EnumNames<PlannerPreset> enum_names(PlannerPreset);

struct PlannerOptions {
  std::filesystem::path from = {};
  PlannerPreset preset = PlannerPreset::nnunet;
  std::string configuration = "3d_fullres";
  double memory_gb = 0;
  int64_t batch_size = 0;
  std::vector<int64_t> patch_size = {};
  std::vector<double> spacing = {};
  int64_t base_features = 32;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("from", from, "plans.json of nnU-Net or medvol to follow; empty: planned");
    visit("preset", preset,
          "nnU-Net's planner: nnunet (8 GB), or one for network=residual_unet: resenc_m (8 GB), resenc_l (24), "
          "resenc_xl (40); the group chooses both: plan=resenc_l");
    visit("configuration", configuration,
          "3D network on the median spacing, on a coarser one where a patch sees less than a quarter of an image, a "
          "second one on the median spacing that gets the coarser one's labels too (prepare.previous), or 2D",
          config::one_of({"3d_fullres", "3d_lowres", "3d_cascade_fullres", "2d"}));
    visit("memory_gb", memory_gb,
          "device memory that patch and batch are planned for, by nnU-Net's measure; 0: the preset's",
          config::at_least(0));
    visit("batch_size", batch_size, "0: planned", config::at_least(0));
    visit("patch_size", patch_size,
          "voxels in the plan's order of axes (z, y, x, the data's coarsest moved to the front; 2D: the last two), "
          "padded "
          "up to what the network can halve; empty: planned",
          config::at_least(1));
    visit("spacing", spacing, "mm z, y, x to resample to (3d_lowres: to start from); empty: planned",
          config::positive());
    visit("base_features", base_features,
          "channels of the first stage, doubled at each (nnU-Net: 32, up to 320, 2D 512); patch and batch are "
          "planned for 32 all the same",
          config::between(1, 512));
  }
};

/// The configuration that the options choose, and the others that nnU-Net would plan beside it.
struct Plans {
  plan::Plan chosen;
  std::vector<plan::Plan> others;
};

/// nnU-Net v2's experiment planner: 2d, 3d_fullres unless the images are single slices, and 3d_lowres where a patch of
/// 3d_fullres sees less than a quarter of the median image. Options `patch_size` and `batch_size` change the chosen
/// configuration alone. Everything equals nnU-Net's plan (tests/datasets/golden/nnunet_plans.py), given the same
/// orientation: medvol orients images to RAS first, as nnU-Net does by its NibabelIOWithReorient, which the plan names
/// for NIfTI files; nnU-Net's default reader, SimpleITKIO, leaves them as they were stored.
/// Throws core::UserError where the chosen configuration is not to be had.
Plans make_plans(const DatasetDescription& dataset, const Fingerprint& fingerprint, const PlannerOptions& options = {});
plan::Plan make_plan(const DatasetDescription& dataset, const Fingerprint& fingerprint,
                     const PlannerOptions& options = {});

}  // namespace medvol::datasets
