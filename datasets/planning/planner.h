#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "datasets/dataset.h"
#include "datasets/planning/fingerprint.h"
#include "framework/config/bind.h"
#include "framework/config/fields.h"
#include "framework/plan/plan.h"

namespace medvol::datasets {

struct PlannerOptions {
  std::string configuration = "3d_fullres";
  double memory_gb = 8;
  int64_t batch_size = 0;
  std::vector<int64_t> patch_size = {};
  std::vector<double> spacing = {};
  int64_t base_features = 32;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("configuration", configuration, "3D or 2D network", config::one_of({"3d_fullres", "2d"}));
    visit("memory_gb", memory_gb,
          "device memory that patch and batch are planned for, by nnU-Net's measure (its own: 8)", config::positive());
    visit("batch_size", batch_size, "0: planned", config::at_least(0));
    visit("patch_size", patch_size,
          "voxels z, y, x (2D: y, x), padded up to what the network can halve; empty: planned", config::at_least(1));
    visit("spacing", spacing, "mm z, y, x to resample to; empty: planned", config::positive());
    visit("base_features", base_features,
          "channels of the first stage, doubled at each (nnU-Net: 32, up to 320, 2D 512); patch and batch are planned "
          "for "
          "32 all the same",
          config::between(1, 512));
  }
};

/// How deep a U-Net goes on each axis, by nnU-Net's rule (`get_pool_and_conv_props`).
struct Pooling {
  std::vector<std::vector<int64_t>> strides;       ///< one a stage, the first all ones
  std::vector<std::vector<int64_t>> kernel_sizes;  ///< one a stage
  std::vector<int64_t> divisor;                    ///< what each patch size is a multiple of
  std::vector<int64_t> patch_size;                 ///< the size asked for, padded up to a multiple of `divisor`
};

/// `size` may be fractional (a median of even count). An axis is halved while it has at least 8 voxels and its spacing
/// is within a factor of 2 of the finest such axis; a lone axis only while it has 12; its kernel grows from 1 to 3 once
/// it is within that factor.
Pooling plan_pooling(const std::vector<double>& spacing, const std::vector<double>& size);

/// nnU-Net's default ExperimentPlanner for one configuration. Axis order stays z, y, x of the canonical orientation:
/// nnU-Net's transposition (coarsest axis first) is not applied.
plan::Plan make_plan(const DatasetDescription& dataset, const Fingerprint& fingerprint,
                     const PlannerOptions& options = {});

}  // namespace medvol::datasets
