#pragma once
#include "experiments/apps/assembly.h"
#include "framework/config/app.h"
#include "framework/run/run_directory.h"
#include "framework/runtime/stopwatch.h"
#include "reports/tables/evaluation_report.h"

namespace medvol::apps {

/// What a finished run gave.
struct TrainedRun {
  std::filesystem::path directory;
  std::optional<reports::Evaluation> evaluation;  ///< nothing for fold=all
  bool leads = true;                              ///< of several processes, the one that reports
};

/// What a command adds to a run.
struct TrainingExtras {
  /// Makes tables for the report from the prepared data.
  std::function<std::vector<reports::Table>(const PreparedExperiment&)> tables = {};
  /// Called when the exported file is there.
  std::function<void(const run::RunPaths&, const PreparedExperiment&)> exported = {};
  /// Runs since the command began, for the log's record of the start.
  runtime::Stopwatch clock = {};
};

/// Everything from a resolved configuration to a finished run directory: data, training, predictions of the held-out
/// cases, evaluation, export. Where the environment says that there are several processes (parallel::Environment), they
/// share every batch and the held-out cases; rank 0 writes and reports.
TrainedRun train_run(config::ResolvedConfig<ExperimentOptions> resolved, const TrainingExtras& extras = {});

}  // namespace medvol::apps
