#pragma once
#include <filesystem>
#include <string>

#include "datasets/dataset.h"

namespace medvol::datasets {

/// What stands for a patient outside the readers: the same in every copy of the data set, and not to be turned back.
std::string patient_hash(const std::string& dataset, const std::string& patient);

/// Reads `case,patient` or `case,patient,site` (CSV with a header; any column order) into the cases. Patients are kept
/// as keyed hashes: which cases belong together is known afterwards, who it was is not.
/// Throws core::UserError with file and line for an unknown or repeated case, and when a training case is missing.
void apply_patient_table(const std::filesystem::path& table, DatasetDescription& dataset);

}  // namespace medvol::datasets
