#pragma once
#include <optional>

#include "reports/tables/comparison.h"

namespace medvol::reports {

/// Runs that differ in nothing but the seed as one row: mean ± sd over seeds of each run's own foreground means, with
/// parameters, optimiser steps and milliseconds a case where the runs tell them. A row is named by its first run.
/// Nothing when no run tells its outcome.
std::optional<Table> seed_table(const std::vector<RunRecord>& runs);

}  // namespace medvol::reports
