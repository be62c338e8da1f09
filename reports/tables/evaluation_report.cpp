#include "reports/tables/evaluation_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include <nlohmann/json.hpp>

#include "framework/core/error.h"
#include "framework/storage/atomic_file.h"
#include "framework/storage/csv.h"
#include "reports/collect/python_json.h"
#include "reports/tables/measures.h"

namespace medvol::reports {
namespace {

std::string outcome_text(metrics::Outcome outcome) {
  switch (outcome) {
    case metrics::Outcome::found:
      return "found";
    case metrics::Outcome::missed:
      return "missed";
    case metrics::Outcome::false_alarm:
      return "false_alarm";
    case metrics::Outcome::absent:
      return "absent";
  }
  MEDVOL_CHECK(false, "an outcome without a name");
}

StructureMeasures measures_from(const metrics::StructureResult& result) {
  StructureMeasures measures{result.values, outcome_text(result.outcome)};
  const metrics::Counts& counts = result.counts;
  const std::pair<const char*, int64_t> numbers[] = {{"TP", counts.tp},
                                                     {"FP", counts.fp},
                                                     {"FN", counts.fn},
                                                     {"TN", counts.tn},
                                                     {"n_pred", counts.predicted()},
                                                     {"n_ref", counts.reference()}};
  for (const auto& [name, number] : numbers) measures.values[name] = static_cast<double>(number);
  return measures;
}

CaseMeasures case_from(const metrics::CaseResult& result, const EvaluationReport& report) {
  if (result.structures.size() != report.structures.size())
    throw core::UserError(fmt::format("{} structures were measured, the report names {}", result.structures.size(),
                                      report.structures.size()),
                          "case " + result.case_id, "evaluate every case for the same structures");
  CaseMeasures one;
  one.id = result.case_id;
  if (const auto files = report.files.find(result.case_id); files != report.files.end()) {
    one.reference_file = files->second.reference;
    one.prediction_file = files->second.prediction;
  }
  for (const metrics::StructureResult& structure : result.structures)
    one.structures.push_back(measures_from(structure));
  return one;
}

}  // namespace

Evaluation summarize_report(const EvaluationReport& report) {
  if (report.cases.empty())
    throw core::UserError("there is no case to report on", report.title, "check the reference folder and 'cases='");
  Evaluation evaluation;
  evaluation.title = report.title;
  evaluation.identity = report.identity;
  evaluation.policy = {report.policy.name, report.policy.description};
  evaluation.tolerance_mm = report.tolerance_mm;
  for (const metrics::Structure& structure : report.structures)
    evaluation.structures.push_back({structure.name, structure.labels});
  std::set<std::string> ids;
  for (const metrics::CaseResult& result : report.cases) {
    if (!ids.insert(result.case_id).second)
      throw core::UserError("this case stands twice in one evaluation", "case " + result.case_id,
                            "give each case once");
    evaluation.cases.push_back(case_from(result, report));
  }
  summarize_into(evaluation, report.cases, report.policy);
  return evaluation;
}

Evaluation write_evaluation(const std::filesystem::path& folder, const EvaluationReport& report) {
  Evaluation evaluation = summarize_report(report);
  const CasesRows rows = cases_rows(evaluation);
  storage::make_folder(folder);
  storage::write_csv(folder / "cases.csv", rows.header, rows.rows);
  storage::write_atomic(folder / "report.md", evaluation_markdown(evaluation, report));
  storage::write_atomic(folder / "report.html", evaluation_html(evaluation, report));
  storage::write_atomic(folder / "summary.json", python_json(summary_json(evaluation)));
  return evaluation;
}

std::vector<ChosenCase> choose_cases(const std::vector<CaseMeasures>& cases) {
  std::vector<ChosenCase> ranked;
  for (size_t i = 0; i < cases.size(); ++i)
    if (const double dice = foreground_value(cases[i], "dice"); !std::isnan(dice)) ranked.push_back({"", i, dice});
  std::sort(ranked.begin(), ranked.end(), [&](const ChosenCase& a, const ChosenCase& b) {
    return a.dice != b.dice ? a.dice > b.dice : cases[a.index].id < cases[b.index].id;
  });
  std::vector<ChosenCase> chosen;
  const auto choose = [&](const char* role, size_t rank) {
    chosen.push_back(ranked[rank]);
    chosen.back().role = role;
  };
  if (!ranked.empty()) choose("best", 0);
  if (ranked.size() > 2) choose("median", ranked.size() / 2);
  if (ranked.size() > 1) choose("worst", ranked.size() - 1);
  return chosen;
}

}  // namespace medvol::reports
