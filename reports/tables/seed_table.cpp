#include "reports/tables/seed_table.h"

#include <fmt/format.h>

#include "framework/core/error.h"
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

/// `text`: a number as the table shows it.
template <class Text>
Cell over_seeds(const std::vector<double>& values, const Text& text) {
  const metrics::Statistic statistic = metrics::describe(values);
  if (statistic.count == 0) return {"n/a"};
  Cell cell{text(statistic.mean), {}, statistic.mean};
  if (statistic.count > 1) cell.text += " ± " + text(statistic.sd);
  return cell;
}

/// Finished runs of one variant together, in the order given.
using Groups = std::vector<std::pair<std::string, std::vector<const RunRecord*>>>;

template <class Wanted>
Groups by_variant(const std::vector<RunRecord>& runs, const Wanted& wanted) {
  Groups groups;
  for (const RunRecord& run : runs) {
    if (!run.outcome || !wanted(run)) continue;
    auto group =
        std::find_if(groups.begin(), groups.end(), [&](const auto& one) { return one.first == run.outcome->variant; });
    if (group == groups.end()) group = groups.insert(groups.end(), {run.outcome->variant, {}});
    group->second.push_back(&run);
  }
  return groups;
}

/// JSON has no NaN: it is null there.
double number(const nlohmann::json& value) { return value.is_number() ? value.get<double>() : not_a_number; }

/// A row: the runs' values of every measure, as `value(run, measure)` finds them.
template <class Value>
std::vector<Cell> measure_row(const std::vector<const RunRecord*>& members, const std::string& heading,
                              const nlohmann::json& measures, const Value& value) {
  std::vector<Cell> row{{without_seed(members.front()->name)},
                        {heading},
                        {fmt::format("{}", members.size()), {}, static_cast<double>(members.size())}};
  for (const nlohmann::json& measure : measures) {
    std::vector<double> values;
    for (const RunRecord* run : members) values.push_back(value(*run, measure.at("name")));
    const int decimals = measure.at("decimals");
    row.push_back(over_seeds(values, [&](double number) { return fmt::format("{:.{}f}", number, decimals); }));
  }
  return row;
}

}  // namespace

std::optional<Table> measure_seed_table(const std::vector<RunRecord>& runs) {
  const Groups groups = by_variant(runs, [](const RunRecord& run) { return !run.measures.is_null(); });
  if (groups.empty()) return std::nullopt;
  const nlohmann::json measures = groups.front().second.front()->measures.at("measures");
  Table table;
  table.caption = "Over seeds";
  table.columns = {"Run", "method", "seeds"};
  for (const nlohmann::json& one : measures)
    table.columns.push_back(one.at("title").get<std::string>() + (one.at("higher_is_better") ? "\u00a0↑" : "\u00a0↓"));
  for (const auto& [variant, members] : groups) {
    for (const RunRecord* run : members)
      if (run->measures.at("measures") != measures)
        throw core::UserError("was measured by other measures than the first run", run->path.string(),
                              "report runs of one kind together");
    const nlohmann::json& first = members.front()->measures;
    for (const auto& [method, values] : first.at("methods").items())
      table.rows.push_back(
          measure_row(members, method, measures, [&](const RunRecord& run, const std::string& measure) {
            return number(run.measures.at("methods").at(method).at(measure).at("mean"));
          }));
    std::vector<std::string> baselines;
    for (const nlohmann::json& gain : first.value("gains", nlohmann::json::array()))
      if (std::find(baselines.begin(), baselines.end(), gain.at("over")) == baselines.end())
        baselines.push_back(gain.at("over"));
    for (const std::string& baseline : baselines)
      table.rows.push_back(measure_row(members, "difference to " + baseline, measures,
                                       [&](const RunRecord& run, const std::string& measure) {
                                         for (const nlohmann::json& gain : run.measures.at("gains"))
                                           if (gain.at("over") == baseline && gain.at("measure") == measure)
                                             return number(gain.at("mean"));
                                         return not_a_number;
                                       }));
  }
  table.notes = {"Mean ± sd over seeds of each run's mean over cases; each run's own report has its intervals."};
  return table;
}

std::optional<Table> seed_table(const std::vector<RunRecord>& runs) {
  const Groups groups = by_variant(runs, [](const RunRecord& run) { return run.evaluation.has_value(); });
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
      row.push_back(over_seeds(values, [&](double number) { return value_text(number, measure_info(name)); }));
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
