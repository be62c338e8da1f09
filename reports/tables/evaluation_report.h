#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "losses/metrics/evaluate.h"
#include "losses/metrics/policy.h"
#include "reports/collect/evaluation.h"
#include "reports/tables/table.h"

namespace medvol::reports {

/// A picture of a report.
struct Picture {
  std::string caption;
  std::string alt;  ///< for who cannot see it; the caption when empty
  std::string png;  ///< bytes of a PNG file
};

/// Everything an evaluation folder is written from.
struct EvaluationReport {
  std::string title;
  std::vector<std::pair<std::string, std::string>> identity;  ///< version, commit, device, seed, data hash, …
  std::map<int64_t, std::string> class_names;                 ///< foreground classes
  metrics::Policy policy;
  std::vector<metrics::CaseResult> cases;
  double tolerance_mm = 1;            ///< of the NSD
  std::vector<Table> extra_tables;    ///< e.g. a baseline's
  std::vector<Picture> pictures;      ///< overlays of best, median and worst case; others
};

/// The figures of a report: summary by the policy, spreads and bootstrap intervals.
Evaluation evaluate_report(const EvaluationReport& report);

/// Writes summary.json, cases.csv, report.md and report.html into `folder`, each atomically, the summary last: a folder
/// with a summary is complete. Returns what it wrote.
Evaluation write_evaluation(const std::filesystem::path& folder, const EvaluationReport& report);

/// The table of means, as reports show it: a row a class and the foreground.
Table summary_table(const Evaluation& evaluation);
/// A row a case, for reading and sorting.
Table case_table(const Evaluation& evaluation);

/// Which cases to look at: by the mean Dice over the classes of a case, ties by id. Indices into `cases`; the same
/// case may stand in several roles when there are few. A case without any defined Dice is not chosen.
struct CaseChoice {
  std::vector<std::pair<std::string, size_t>> roles;  ///< {"best", i}, {"median", j}, {"worst", k}; empty without cases
};
CaseChoice choose_cases(const std::vector<CaseMeasures>& cases);

/// Mean of a measure over the foreground classes of one case, NaN left out.
double foreground_value(const CaseMeasures& one, const std::string& measure);

}  // namespace medvol::reports
