#pragma once
#include <filesystem>

#include "datasets/dataset.h"

namespace medvol::datasets {

/// Reads `case,patient` or `case,patient,site` (CSV with a header; any column order) into the cases. Patients are kept
/// as keyed hashes: which cases belong together is known afterwards, who it was is not.
/// Throws core::UserError with file and line for an unknown or repeated case, and when a training case is missing.
void apply_patient_table(const std::filesystem::path& table, DatasetDescription& dataset);

}  // namespace medvol::datasets
