#pragma once
#include "experiments/apps/assembly.h"
#include "framework/config/app.h"
#include "framework/run/run_directory.h"
#include "reports/tables/evaluation_report.h"

namespace medvol::apps {

/// What a finished run gave.
struct TrainedRun {
  std::filesystem::path directory;
  std::optional<reports::Evaluation> evaluation;  ///< nothing for fold=all
};

/// Everything from a resolved configuration to a finished run directory: data, training, predictions of the held-out
/// cases, evaluation, export. `extra_tables` makes tables for the report from the prepared data; `exported` is called
/// when the exported file is there.
TrainedRun train_run(const config::ResolvedConfig<ExperimentOptions>& resolved,
                     const std::function<std::vector<reports::Table>(const PreparedExperiment&)>& extra_tables = {},
                     const std::function<void(const run::RunPaths&, const PreparedExperiment&)>& exported = {});

}  // namespace medvol::apps
