#include <cmath>
#include <map>

#include <nlohmann/json.hpp>

#include "reports/collect/evaluation.h"
#include "reports/collect/summary_layout.h"

namespace medvol::reports {
namespace {

nlohmann::json moments_json(const MomentsByName& by_name) {
  nlohmann::json json = nlohmann::json::object();
  for (const auto& [measure, moments] : by_name)
    json[summary_key(measure)] = {{"mean", moments.mean},
                                  {"sd", moments.sd},
                                  {"ci95", {moments.low, moments.high}},
                                  {"n_valid", moments.valid},
                                  {"n_missed", moments.missed}};
  return json;
}

/// Means of one structure in nnU-Net's keys: the measures' by the policy, the counts' over all cases.
nlohmann::json means_json(const MomentsByName& by_name, const std::vector<CaseMeasures>& cases, size_t structure) {
  nlohmann::json json = nlohmann::json::object();
  for (const auto& [measure, moments] : by_name) json[summary_key(measure)] = moments.mean;
  if (cases.empty()) return json;
  for (const auto& [measure, unused] : cases.front().structures[structure].values)
    if (is_count(measure)) {
      std::vector<double> values;
      for (const CaseMeasures& one : cases) values.push_back(one.structures[structure].value(measure));
      json[measure] = mean_of_defined(values);
    }
  return json;
}

nlohmann::json cases_json(const Evaluation& evaluation) {
  nlohmann::json list = nlohmann::json::array();
  for (const CaseMeasures& one : evaluation.cases) {
    nlohmann::json metrics, outcomes;
    for (size_t i = 0; i < evaluation.structures.size(); ++i) {
      const std::string key = evaluation.structures[i].key();
      nlohmann::json& values = metrics[key] = nlohmann::json::object();
      for (const auto& [measure, value] : one.structures[i].values) {
        if (is_count(measure) && std::isfinite(value))
          values[measure] = static_cast<int64_t>(value);
        else
          values[summary_key(measure)] = value;
      }
      outcomes[key] = one.structures[i].outcome;
    }
    list.push_back({{"case", one.id},
                    {"metrics", metrics},
                    {"outcomes", outcomes},
                    {"prediction_file", one.prediction_file},
                    {"reference_file", one.reference_file}});
  }
  return list;
}

/// What medvol adds to nnU-Net's layout.
nlohmann::json own_block(const Evaluation& evaluation) {
  nlohmann::json structures = nlohmann::json::array(), statistics = nlohmann::json::object();
  for (size_t i = 0; i < evaluation.structures.size(); ++i) {
    const MeasuredStructure& structure = evaluation.structures[i];
    structures.push_back({{"key", structure.key()}, {"name", structure.name}, {"labels", structure.labels}});
    if (i < evaluation.moments.size()) statistics[structure.key()] = moments_json(evaluation.moments[i]);
  }
  statistics["foreground"] = moments_json(evaluation.foreground);
  nlohmann::json identity = nlohmann::json::array();
  for (const auto& [key, value] : evaluation.identity) identity.push_back({key, value});
  return {{"title", evaluation.title},
          {"policy", {{"name", evaluation.policy.name}, {"description", evaluation.policy.description}}},
          {"nsd_tolerance_mm", evaluation.tolerance_mm},
          {"structures", structures},
          {"statistics", statistics},
          {"identity", identity}};
}

}  // namespace

nlohmann::json summary_json(const Evaluation& evaluation) {
  nlohmann::json mean = nlohmann::json::object(), foreground = nlohmann::json::object();
  for (const auto& [measure, moments] : evaluation.foreground) foreground[summary_key(measure)] = moments.mean;
  std::map<std::string, double> count_sums;
  for (size_t i = 0; i < evaluation.structures.size(); ++i) {
    const nlohmann::json means = means_json(evaluation.moments.at(i), evaluation.cases, i);
    for (const auto& [key, value] : means.items())
      if (is_count(key)) count_sums[key] += value.get<double>();
    mean[evaluation.structures[i].key()] = means;
  }
  // nnU-Net averages counts over classes too.
  for (const auto& [key, sum] : count_sums) foreground[key] = sum / static_cast<double>(evaluation.structures.size());
  return {{"foreground_mean", foreground},
          {"mean", mean},
          {"medvol", own_block(evaluation)},
          {"metric_per_case", cases_json(evaluation)}};
}

}  // namespace medvol::reports
