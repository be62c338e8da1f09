#pragma once
#include <filesystem>

#include "datasets/dataset.h"
#include "datasets/planning/fingerprint.h"

namespace medvol::datasets {

/// extract_fingerprint, or what it found before: kept in the JSON file at `path` (nnU-Net's dataset_fingerprint.json,
/// with a key of ours) as long as no case, no byte of a case's files, no declared channel or label and no option
/// changed. Checking that decodes no file, and reads those only that changed since the last time (CaseSource, whose
/// checksums stand beside `path`). A kept file that is damaged is made anew.
Fingerprint kept_fingerprint(const DatasetDescription& dataset, const std::filesystem::path& path,
                             const FingerprintOptions& options = {}, const ProgressCallback& progress = {});

}  // namespace medvol::datasets
