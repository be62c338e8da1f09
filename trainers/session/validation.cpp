#include "trainers/session/validation.h"

namespace medvol::trainers {

ValidationResult validate(const Predictor& predictor, const ValidationCases& cases, const std::vector<int64_t>& labels,
                          const metrics::Policy& policy, std::optional<int64_t> ignore_label,
                          const std::function<void(int64_t done)>& progress) {
  metrics::EvaluationOptions options;
  options.surfaces = false;
  options.ignore_label = ignore_label;
  std::vector<metrics::CaseResult> results;
  for (int64_t i = 0; i < cases.count; ++i) {
    const ValidationCase one = cases.read(i);
    options.case_id = one.id;
    const Prediction prediction = predictor.predict(one.image, one.transform);
    results.push_back(metrics::evaluate_case(one.reference, prediction.labels.data, prediction.labels.geometry, labels,
                                             policy, options));
    if (progress) progress(i + 1);
  }
  const metrics::Summary summary = metrics::summarize(results, policy);
  ValidationResult result;
  result.cases = cases.count;
  result.missed = summary.foreground.n_missed;
  result.mean_dice = summary.foreground.metrics.at("dice").mean;
  for (size_t i = 0; i < labels.size(); ++i) result.dice[labels[i]] = summary.structures[i].metrics.at("dice").mean;
  return result;
}

}  // namespace medvol::trainers
