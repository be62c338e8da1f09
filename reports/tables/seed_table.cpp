#include "reports/tables/seed_table.h"

#include <fmt/format.h>

#include "losses/metrics/statistic.h"
#include "reports/tables/measures.h"

namespace medvol::reports {
namespace {

const std::vector<std::string>& shown_measures() {
  static const std::vector<std::string> names{"dice", "iou", "accuracy", "hd95"};
  return names;
}

/// "job,seed=3" without the seed.
std::string without_seed(std::string name) {
  const size_t at = name.find("seed=");
  if (at == std::string::npos) return name;
  const size_t end = name.find(',', at);
  name.erase(at, end == std::string::npos ? std::string::npos : end + 1 - at);
  while (!name.empty() && name.back() == ',') name.pop_back();
  return name.empty() ? "run" : name;
}

std::string thousands(int64_t value) {
  std::string digits = std::to_string(value);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<size_t>(at), "\u2009");
  return digits;
}

Cell over_seeds(const std::vector<double>& values, const metrics::MetricInfo& info) {
  const metrics::Statistic statistic = metrics::describe(values);
  if (statistic.count == 0) return {"n/a"};
  Cell cell{value_text(statistic.mean, info), {}, statistic.mean};
  if (statistic.count > 1) cell.text += " ± " + value_text(statistic.sd, info);
  return cell;
}

}  // namespace

std::optional<Table> seed_table(const std::vector<RunRecord>& runs) {
  std::vector<std::pair<std::string, std::vector<const RunRecord*>>> groups;
  for (const RunRecord& run : runs) {
    if (!run.outcome || !run.evaluation) continue;
    auto group =
        std::find_if(groups.begin(), groups.end(), [&](const auto& one) { return one.first == run.outcome->variant; });
    if (group == groups.end()) group = groups.insert(groups.end(), {run.outcome->variant, {}});
    group->second.push_back(&run);
  }
  if (groups.empty()) return std::nullopt;
  Table table;
  table.caption = "Over seeds";
  table.sortable = true;
  table.columns = {"Run", "seeds"};
  for (const std::string& name : shown_measures()) table.columns.push_back(measure_title(measure_info(name)));
  table.columns.insert(table.columns.end(), {"parameters", "steps", "ms/case"});
  for (const auto& [variant, members] : groups) {
    std::vector<Cell> row{{without_seed(members.front()->name)},
                          {fmt::format("{}", members.size()), {}, static_cast<double>(members.size())}};
    for (const std::string& name : shown_measures()) {
      std::vector<double> values;
      for (const RunRecord* run : members) values.push_back(moments_of(run->evaluation->foreground, name).mean);
      row.push_back(over_seeds(values, measure_info(name)));
    }
    double steps = 0, milliseconds = 0;
    for (const RunRecord* run : members) {
      steps += static_cast<double>(run->outcome->steps) / static_cast<double>(members.size());
      milliseconds += run->outcome->milliseconds_per_case / static_cast<double>(members.size());
    }
    const int64_t parameters = members.front()->outcome->parameters;
    row.push_back({thousands(parameters), {}, static_cast<double>(parameters)});
    row.push_back({fmt::format("{:.0f}", steps), {}, steps});
    row.push_back({fmt::format("{:.0f}", milliseconds), {}, milliseconds});
    table.rows.push_back(std::move(row));
  }
  table.notes = {
      "Mean ± sd over seeds of each run's foreground mean; steps and time are means. A case's time is reading, "
      "preprocessing, predicting and writing."};
  return table;
}

}  // namespace medvol::reports
