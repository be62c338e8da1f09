#include "reports/tables/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "framework/core/error.h"
#include "losses/metrics/policy.h"
#include "losses/metrics/statistic.h"
#include "reports/statistics/paired_tests.h"
#include "reports/tables/measures.h"

namespace medvol::reports {
namespace {

std::string labels_text(const Evaluation& evaluation) {
  std::string text;
  for (const MeasuredStructure& structure : evaluation.structures) text += (text.empty() ? "" : ", ") + structure.key();
  return text;
}

/// Figures of two evaluations mean the same.
void check_comparable(const RunRecord& first, const RunRecord& other) {
  const Evaluation &a = *first.evaluation, &b = *other.evaluation;
  const auto refuse = [&](const std::string& what, const std::string& here, const std::string& there) {
    throw core::UserError(fmt::format("{} differ: '{}' in {}, '{}' here", what, there, first.name, here),
                          other.path.string(), "evaluate the runs alike");
  };
  if (a.policy.name != b.policy.name) refuse("policies", b.policy.name, a.policy.name);
  if (labels_text(a) != labels_text(b)) refuse("structures", labels_text(b), labels_text(a));
  if (a.tolerance_mm != b.tolerance_mm && !(std::isnan(a.tolerance_mm) && std::isnan(b.tolerance_mm)))
    refuse("NSD tolerances", fmt::format("{} mm", b.tolerance_mm), fmt::format("{} mm", a.tolerance_mm));
}

/// Foreground values by case id.
std::map<std::string, double> values_by_case(const Evaluation& evaluation, const std::string& measure) {
  std::map<std::string, double> values;
  for (const CaseMeasures& one : evaluation.cases) values[one.id] = foreground_value(one, measure);
  return values;
}

bool share_no_case(const std::vector<Evaluation>& runs) {
  std::set<std::string> seen;
  for (const Evaluation& run : runs)
    for (const CaseMeasures& one : run.cases)
      if (!seen.insert(one.id).second) return false;
  return runs.size() > 1;
}

size_t choose_baseline(const std::vector<Evaluation>& runs, const ComparisonOptions& options) {
  if (options.baseline == Baseline::first) return 0;
  const bool higher = measure_info(options.measure).higher_is_better;
  size_t best = 0;
  for (size_t i = 1; i < runs.size(); ++i) {
    const double value = moments_of(runs[i].foreground, options.measure).mean;
    const double record = moments_of(runs[best].foreground, options.measure).mean;
    if (std::isnan(record) ? !std::isnan(value) : higher ? value > record : value < record) best = i;
  }
  return best;
}

std::optional<PairedTest> test_pair(const Comparison& comparison, size_t run, const std::string& measure) {
  const auto baseline = values_by_case(comparison.runs[comparison.baseline], measure);
  std::vector<double> ours, theirs;
  double sum = 0;
  for (const auto& [id, value] : values_by_case(comparison.runs[run], measure)) {
    const auto other = baseline.find(id);
    if (other == baseline.end() || std::isnan(value) || std::isnan(other->second)) continue;
    ours.push_back(value);
    theirs.push_back(other->second);
    sum += value - other->second;
  }
  if (ours.empty()) return std::nullopt;
  PairedTest test;
  test.run = run;
  test.common = static_cast<int64_t>(ours.size());
  test.difference = sum / static_cast<double>(ours.size());
  test.p = wilcoxon_signed_rank(ours, theirs).p;
  return test;
}

void run_tests(Comparison& comparison, const std::string& measure) {
  std::vector<double> p_values;
  for (size_t run = 0; run < comparison.runs.size(); ++run) {
    if (run == comparison.baseline) continue;
    if (const auto test = test_pair(comparison, run, measure)) {
      comparison.tests.push_back(*test);
      p_values.push_back(test->p);
    }
  }
  const std::vector<double> adjusted = holm_adjusted(p_values);
  for (size_t i = 0; i < adjusted.size(); ++i) comparison.tests[i].p_holm = adjusted[i];
}

/// All cases of all folds as one evaluation.
Evaluation pool(const std::vector<Evaluation>& folds) {
  Evaluation pooled = folds.front();
  pooled.title = "all cases";
  for (size_t i = 1; i < folds.size(); ++i)
    pooled.cases.insert(pooled.cases.end(), folds[i].cases.begin(), folds[i].cases.end());
  summarize_into(pooled, case_results(pooled), metrics::policy_by_name(pooled.policy.name));
  return pooled;
}

/// Mean and sd over the folds' own means; `moments_of_fold` gives one fold's.
template <class MomentsOfFold>
MomentsByName over_folds(const std::vector<Evaluation>& folds, MomentsOfFold moments_of_fold) {
  MomentsByName result;
  for (const auto& [measure, unused] : moments_of_fold(folds.front())) {
    std::vector<double> means;
    Moments& moments = result[measure];
    for (const Evaluation& fold : folds) {
      const Moments one = reports::moments_of(moments_of_fold(fold), measure);
      means.push_back(one.mean);
      moments.missed += one.missed;
    }
    const metrics::Statistic statistic = metrics::describe(means);
    moments.mean = statistic.mean;
    moments.sd = statistic.sd;
    moments.valid = statistic.count;
  }
  return result;
}

}  // namespace

Comparison compare(const std::vector<RunRecord>& runs, const ComparisonOptions& options) {
  measure_info(options.measure);  // refuses an unknown name
  if (runs.empty()) throw core::UserError("there is no run to compare", "runs", "give runs=A,B,…");
  Comparison comparison;
  for (const RunRecord& run : runs) {
    if (!run.evaluation)
      throw core::UserError("this run was not evaluated yet", run.path.string(), "run 'medvol evaluate' on it first");
    check_comparable(runs.front(), run);
    comparison.names.push_back(run.name);
    comparison.runs.push_back(*run.evaluation);
  }
  comparison.baseline = choose_baseline(comparison.runs, options);
  run_tests(comparison, options.measure);
  comparison.folds = share_no_case(comparison.runs);
  if (comparison.folds) {
    comparison.pooled = pool(comparison.runs);
    for (size_t i = 0; i < comparison.runs.front().structures.size(); ++i)
      comparison.fold_moments.push_back(
          over_folds(comparison.runs, [i](const Evaluation& fold) -> const MomentsByName& { return fold.moments[i]; }));
    comparison.fold_foreground =
        over_folds(comparison.runs, [](const Evaluation& fold) -> const MomentsByName& { return fold.foreground; });
  }
  return comparison;
}

}  // namespace medvol::reports
