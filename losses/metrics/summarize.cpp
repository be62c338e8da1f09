#include <limits>

#include "framework/core/error.h"
#include "losses/metrics/evaluate.h"

namespace medvol::metrics {
namespace {

StructureSummary summarize_structure(const std::vector<CaseResult>& cases, size_t position) {
  StructureSummary summary;
  summary.name = cases.front().structures[position].name;
  std::map<std::string, std::vector<double>> columns;
  for (const auto& result : cases) {
    MEDVOL_CHECK(
        result.structures.size() == cases.front().structures.size() && result.structures[position].name == summary.name,
        "case '{}' was evaluated for other structures", result.case_id);
    const auto& structure = result.structures[position];
    for (const auto& [metric, value] : structure.values) columns[metric].push_back(value);
    ++summary.n_cases;
    summary.n_missed += structure.outcome == Outcome::missed;
    summary.n_false += structure.outcome == Outcome::false_alarm;
    summary.n_absent += structure.outcome == Outcome::absent;
  }
  for (const auto& [metric, values] : columns) summary.metrics[metric] = describe(values);
  return summary;
}

/// The mean over structures of each case, NaN where none is defined.
std::vector<double> case_means(const std::vector<CaseResult>& cases, const std::string& metric) {
  std::vector<double> means;
  for (const auto& result : cases) {
    std::vector<double> values;
    for (const auto& structure : result.structures) values.push_back(structure.values.at(metric));
    means.push_back(describe(values).mean);
  }
  return means;
}

/// Plain mean of the structures' means: NaN if one of them is NaN.
double mean_of_means(const std::vector<StructureSummary>& structures, const std::string& metric) {
  double sum = 0;
  for (const auto& structure : structures) sum += structure.metrics.at(metric).mean;
  return sum / double(structures.size());
}

StructureSummary summarize_foreground(const std::vector<CaseResult>& cases, const Summary& summary) {
  StructureSummary foreground;
  foreground.name = "foreground";
  foreground.n_cases = int64_t(cases.size());
  for (const auto& structure : summary.structures) {
    foreground.n_missed += structure.n_missed;
    foreground.n_false += structure.n_false;
    foreground.n_absent += structure.n_absent;
  }
  for (const auto& [metric, unused] : summary.structures.front().metrics) {
    Statistic statistic = describe(case_means(cases, metric));
    if (summary.policy.aggregation == Policy::Aggregation::class_then_mean)
      statistic.mean = mean_of_means(summary.structures, metric);
    foreground.metrics[metric] = statistic;
  }
  return foreground;
}

}  // namespace

Summary summarize(const std::vector<CaseResult>& cases, const Policy& policy) {
  Summary summary;
  summary.policy = policy;
  if (cases.empty() || cases.front().structures.empty()) return summary;
  for (size_t i = 0; i < cases.front().structures.size(); ++i)
    summary.structures.push_back(summarize_structure(cases, i));
  summary.foreground = summarize_foreground(cases, summary);
  return summary;
}

}  // namespace medvol::metrics
