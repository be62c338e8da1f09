#pragma once
#include <memory>

#include "datasets/loading/training_cases.h"

namespace medvol::datasets {

/// Two sets of cases as one: a draw takes a case of `added` with probability `fraction`, else one of `real`, each as
/// that set draws it. The real cases come first by index. With fraction 0 every draw takes the numbers that `real`
/// alone would take, so that the batches are the same bit for bit.
/// Throws core::UserError when a set that can be drawn from is empty, or the two differ in channels.
std::unique_ptr<TrainingCases> mixed_cases(std::unique_ptr<TrainingCases> real, std::unique_ptr<TrainingCases> added,
                                           double fraction);

}  // namespace medvol::datasets
