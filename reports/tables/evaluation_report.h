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
/// values). UserError without cases, when cases and structures do not fit together, or when an id stands twice.
Evaluation summarize_report(const EvaluationReport& report);

/// Writes cases.csv, report.md, report.html and summary.json into `folder`, each atomically, the summary last: a folder
/// with a summary is complete. Returns what it wrote.
Evaluation write_evaluation(const std::filesystem::path& folder, const EvaluationReport& report);

/// A row a structure and one for the foreground, the five measures that are read first: for the terminal and the top of
/// a report. A baseline is written into another report's `extra_tables` as headline_table(summarize_report(baseline)).
Table headline_table(const Evaluation& evaluation);
/// All measures of every structure with spread, interval, n valid and n missed: overlap, then surface and volume.
std::vector<Table> summary_tables(const Evaluation& evaluation);
/// A row a case, for reading and sorting.
Table case_table(const Evaluation& evaluation);

/// A case to look at, by its foreground Dice.
struct ChosenCase {
  std::string role;  ///< "best", "median", "worst"
  size_t index = 0;  ///< into the cases
  double dice = not_a_number;
};
/// Best, median (the lower one of two) and worst; ties by id. Fewer than three cases: those there are, each once. A
/// case without any defined Dice is not chosen.
std::vector<ChosenCase> choose_cases(const std::vector<CaseMeasures>& cases);

/// The pages as text.
std::string evaluation_markdown(const Evaluation& evaluation, const EvaluationReport& report);
std::string evaluation_html(const Evaluation& evaluation, const EvaluationReport& report);

}  // namespace medvol::reports
