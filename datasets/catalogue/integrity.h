#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "datasets/catalogue/parallel.h"
#include "datasets/dataset.h"

namespace medvol::datasets {

/// One defect of one file.
struct Finding {
  std::string case_id;
  std::filesystem::path file;
  std::string what;
  std::string hint;
  /// "hippocampus_004: labelsTr/hippocampus_004.nii.gz: label 255 at 12 voxels (…)": one line; the path is relative to
  /// `root`.
  std::string line(const std::filesystem::path& root = {}) const;
};

/// Reads every file of every case and reports every defect, sorted by case: missing, unreadable or truncated file,
/// number of channels, channels or label on another grid than the image, NaN or Inf, label outside the declared set,
/// empty label. Writes nothing and throws for nothing that is wrong in the files. `threads`: 0 takes all processors.
std::vector<Finding> check_integrity(const DatasetDescription& dataset, int64_t threads = 0,
                                     const ProgressCallback& progress = {});

}  // namespace medvol::datasets
