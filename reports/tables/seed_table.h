#pragma once
#include <optional>

#include "reports/tables/comparison.h"

namespace medvol::reports {

/// Runs that differ in nothing but the seed as one row: mean ± sd over seeds of each run's own foreground means, with
/// parameters, optimiser steps and milliseconds a case where the runs tell them. A row is named by its first run.
/// Nothing when no run tells its outcome.
std::optional<Table> seed_table(const std::vector<RunRecord>& runs);

/// The same of runs that make no label maps (measures.json): a row a variant and method, the mean ± sd over seeds of
/// each run's mean over cases, and a row a baseline with the first method's mean difference to it. Nothing without such
/// runs. Throws core::UserError when runs were not measured alike.
std::optional<Table> measure_seed_table(const std::vector<RunRecord>& runs);

}  // namespace medvol::reports
