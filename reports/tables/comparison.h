#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "reports/collect/run_record.h"
#include "reports/tables/table.h"

namespace medvol::reports {

enum class Baseline { first, best };

struct ComparisonOptions {
  std::string title = "Comparison of runs";
  Baseline baseline = Baseline::first;  ///< whom every other run is tested against; best: by foreground Dice
  std::string measure = "Dice";         ///< that the paired tests compare: foreground value of each common case
};

/// A run tested against the baseline on the cases both have.
struct PairedTest {
  std::string run;
  int64_t common = 0;             ///< cases with a value in both
  double difference = 0;          ///< mean of run − baseline
  double p = not_a_number;        ///< Wilcoxon signed-rank, two-sided; NaN with fewer than 1 common case
  double p_holm = not_a_number;   ///< corrected over the tests of this comparison
};

/// Several evaluated runs side by side.
struct Comparison {
  std::vector<Evaluation> runs;          ///< in the order given; their `name` is the row's
  size_t baseline = 0;                   ///< index into runs
  std::vector<PairedTest> tests;         ///< one for each other run that shares cases
  bool folds = false;                    ///< no case is in two runs: they are folds of one experiment
  std::optional<Evaluation> pooled;      ///< of all cases of all folds (nnU-Net's accumulated result)
  MomentsByName fold_means;              ///< foreground: mean and sd over the folds' own means
};

/// UserError when a run has no evaluation, or policies, classes or tolerances differ (figures that cannot be compared).
Comparison compare(const std::vector<RunRecord>& runs, const ComparisonOptions& options = {});

/// A row a run; with folds also "all cases" and "mean of folds".
Table comparison_table(const Comparison& comparison);
Table test_table(const Comparison& comparison, const std::string& measure);

/// Writes comparison.csv, report.md and report.html, each atomically.
Comparison write_comparison(const std::filesystem::path& folder, const std::vector<RunRecord>& runs,
                            const ComparisonOptions& options = {});

}  // namespace medvol::reports
