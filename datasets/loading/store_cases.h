#pragma once
#include <memory>
#include <string>
#include <vector>

#include "datasets/loading/training_cases.h"
#include "datasets/preprocessing/case_store.h"

namespace medvol::datasets {

/// Cases of a store, read where they lie in memory-mapped files. The store outlives them.
/// Throws core::UserError when an id is not in it. `previous_labels`: see TrainingCase.
std::unique_ptr<TrainingCases> training_cases(const CaseStore& store, const std::vector<std::string>& ids,
                                              int64_t previous_labels = 0);

}  // namespace medvol::datasets
