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

struct CaseFiles {
  std::string reference, prediction;
};

/// Everything an evaluation folder is written from.
struct EvaluationReport {
  std::string title;
  std::vector<std::pair<std::string, std::string>> identity;  ///< version, commit, device, seed, data hash, …
  metrics::Policy policy;
  std::vector<metrics::Structure> structures;  ///< what was measured, named for people; as in `cases`, in order
  std::vector<metrics::CaseResult> cases;
  std::map<std::string, CaseFiles> files;  ///< by case id; may be left out
  double tolerance_mm = 1;                 ///< of the NSD
  std::vector<Table> extra_tables;         ///< e.g. a baseline's
  std::vector<Picture> pictures;           ///< overlays of best, median and worst case; others
};

/// The figures of a report: means as the policy takes them, spreads, bootstrap intervals (of the mean of the cases' own
/// values). UserError when cases and structures do not fit together or an id stands twice.
Evaluation summarize_report(const EvaluationReport& report);

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

}  // namespace medvol::reports
