#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "datasets/catalogue/parallel.h"
#include "datasets/dataset.h"
#include "framework/plan/plan.h"

namespace medvol::datasets {

/// What planning needs to know of one case, on the canonical (RAS) axis order z, y, x.
struct CaseFingerprint {
  std::string id;
  std::array<int64_t, 3> shape{};   ///< voxels after cropping to non-zero
  std::array<double, 3> spacing{};  ///< mm
  double relative_size = 1;         ///< voxels after cropping / before
};

/// nnU-Net's dataset fingerprint.
struct Fingerprint {
  std::vector<CaseFingerprint> cases;                  ///< in the data set's order
  std::vector<plan::IntensityStatistics> intensities;  ///< one a channel, over foreground voxels
  double median_relative_size = 1;
  plan::Corrections corrections;  ///< that the images went through before
};

struct FingerprintOptions {
  int64_t threads = 0;  ///< 0: all processors
  /// Foreground voxels drawn over the whole data set, the same number from every case (with replacement), so that a
  /// large structure in one case does not outvote the others. nnU-Net draws 10e7; a tenth of it moves no percentile by
  /// more than its own sampling error and needs a tenth of the memory.
  int64_t foreground_samples = 10'000'000;
  uint64_t seed = 1234;
  plan::Corrections corrections = {};
};

/// Reads every training case. The draws come from Philox streams (seed, case index): the same for any number of
/// threads. Throws core::UserError naming the file of a case that cannot be used.
Fingerprint extract_fingerprint(const DatasetDescription& dataset, const FingerprintOptions& options = {},
                                const ProgressCallback& progress = {});

/// nnU-Net's dataset_fingerprint.json, and back. It names no cases, and of relative sizes their median alone. Throws
/// nlohmann::json::exception where a key is missing or wrong.
nlohmann::json to_json(const Fingerprint& fingerprint);
Fingerprint fingerprint_from_json(const nlohmann::json& json);

}  // namespace medvol::datasets
