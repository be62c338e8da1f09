#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "reports/collect/run_record.h"
#include "reports/tables/table.h"

namespace medvol::reports {

/// Whom every other run is tested against.
enum class Baseline {
  first,  ///< the first run given
  best,   ///< the best mean of the compared measure
};

struct ComparisonOptions {
  std::string title = "Comparison of runs";
  Baseline baseline = Baseline::first;
  std::string measure = "dice";  ///< that the paired tests compare: each common case's mean over structures
};

/// A run tested against the baseline on the cases both have.
struct PairedTest {
  size_t run = 0;                ///< index into Comparison::runs
  int64_t common = 0;            ///< cases with a value in both
  double difference = 0;         ///< mean of run − baseline over them
  double p = not_a_number;       ///< Wilcoxon signed-rank, two-sided
  double p_holm = not_a_number;  ///< Holm-corrected over the tests of this comparison
};

/// Several evaluated runs side by side.
struct Comparison {
  std::vector<std::string> names;  ///< of the runs, in the order given
  std::vector<Evaluation> runs;
  size_t baseline = 0;            ///< index into runs
  std::vector<PairedTest> tests;  ///< one for each other run that shares cases with the baseline
  /// No case is in two runs: folds of one experiment. Then `pooled` holds all cases as one evaluation (nnU-Net's
  /// accumulated result) and `fold_means` the mean and sd of the folds' own means (`valid`: folds).
  bool folds = false;
  std::optional<Evaluation> pooled;
  std::vector<MomentsByName> fold_moments;  ///< one a structure
  MomentsByName fold_foreground;
};

/// UserError when there is no run, a run has no evaluation, or figures cannot be compared because policies, structures
/// or tolerances differ.
Comparison compare(const std::vector<RunRecord>& runs, const ComparisonOptions& options = {});

/// A row a run: Dice of each structure, then the foreground's Dice, IoU, accuracy, HD95, NSD; with folds also "all
/// cases" and "mean of folds".
Table comparison_table(const Comparison& comparison);
/// A row a test.
Table test_table(const Comparison& comparison, const std::string& measure);

/// Writes comparison.csv (a row a run, structure and measure), report.md and report.html, each atomically.
Comparison write_comparison(const std::filesystem::path& folder, const std::vector<RunRecord>& runs,
                            const ComparisonOptions& options = {});

}  // namespace medvol::reports
