#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "reports/tables/evaluation_report.h"
#include "reports/tables/measures.h"

namespace medvol::reports {
namespace {

const std::vector<std::string>& headline_measures() {
  static const std::vector<std::string> names{"dice", "iou", "accuracy", "hd95", "nsd"};
  return names;
}

/// Measures that these cases hold, of those asked for.
std::vector<const metrics::MetricInfo*> present(const Evaluation& evaluation, const std::vector<std::string>& names) {
  std::vector<const metrics::MetricInfo*> infos;
  for (const std::string& name : names)
    if (evaluation.foreground.contains(name)) infos.push_back(&measure_info(name));
  return infos;
}

/// A row a structure and one for the foreground, with `cells` from the moments of each.
template <class Cells>
void add_structure_rows(Table& table, const Evaluation& evaluation, Cells cells) {
  const auto add = [&](const std::string& name, const MomentsByName& moments) {
    std::vector<Cell> row{{name}};
    for (Cell& cell : cells(moments)) row.push_back(std::move(cell));
    table.rows.push_back(std::move(row));
  };
  for (size_t i = 0; i < evaluation.structures.size(); ++i) add(evaluation.structures[i].name, evaluation.moments[i]);
  add("Foreground mean", evaluation.foreground);
  table.emphasised_rows = 1;
}

Table moments_table(const Evaluation& evaluation, const std::string& caption, const std::vector<std::string>& names) {
  const auto infos = present(evaluation, names);
  Table table;
  table.caption = caption;
  table.columns = {"Structure"};
  for (const metrics::MetricInfo* info : infos) table.columns.push_back(measure_title(*info));
  add_structure_rows(table, evaluation, [&](const MomentsByName& moments) {
    std::vector<Cell> cells;
    for (const metrics::MetricInfo* info : infos) cells.push_back(moments_cell(moments_of(moments, info->name), *info));
    return cells;
  });
  table.notes = policy_notes(evaluation.policy, evaluation.tolerance_mm);
  return table;
}

Cell value_cell(double value, const metrics::MetricInfo& info) { return {value_text(value, info), {}, value}; }

}  // namespace

Table headline_table(const Evaluation& evaluation) {
  const auto infos = present(evaluation, headline_measures());
  Table table;
  table.caption = evaluation.title;
  table.columns = {"Structure"};
  for (const metrics::MetricInfo* info : infos) table.columns.push_back(measure_title(*info));
  table.columns.insert(table.columns.end(), {"n valid (Dice)", "n missed"});
  add_structure_rows(table, evaluation, [&](const MomentsByName& moments) {
    std::vector<Cell> cells;
    for (const metrics::MetricInfo* info : infos) {
      const Moments one = moments_of(moments, info->name);
      cells.push_back({spread_text(one, *info), {}, one.mean});
    }
    const Moments dice = moments_of(moments, "dice");
    cells.push_back({fmt::format("{}", dice.valid), {}, static_cast<double>(dice.valid)});
    cells.push_back({fmt::format("{}", dice.missed), {}, static_cast<double>(dice.missed)});
    return cells;
  });
  table.notes = {policy_notes(evaluation.policy, evaluation.tolerance_mm).front()};
  return table;
}

std::vector<Table> summary_tables(const Evaluation& evaluation) {
  return {moments_table(evaluation, "Overlap", {"dice", "iou", "accuracy", "precision", "recall", "specificity"}),
          moments_table(evaluation, "Surface distance and volume",
                        {"hd", "hd95", "assd", "nsd", "volume_difference_ml", "volume_difference_relative"})};
}

Table case_table(const Evaluation& evaluation) {
  Table table;
  table.caption = "Every case";
  table.sortable = true;
  const auto infos = present(evaluation, headline_measures());
  table.columns = {"Case"};
  for (const metrics::MetricInfo* info : infos) table.columns.push_back("mean " + measure_title(*info));
  if (evaluation.structures.size() > 1)
    for (const MeasuredStructure& structure : evaluation.structures) table.columns.push_back("Dice " + structure.name);
  table.columns.push_back("missed");
  for (const CaseMeasures& one : evaluation.cases) {
    std::vector<Cell> row{{one.id}};
    for (const metrics::MetricInfo* info : infos) row.push_back(value_cell(foreground_value(one, info->name), *info));
    if (evaluation.structures.size() > 1)
      for (const StructureMeasures& measures : one.structures)
        row.push_back(value_cell(measures.value("dice"), measure_info("dice")));
    const auto missed = std::count_if(one.structures.begin(), one.structures.end(),
                                      [](const StructureMeasures& measures) { return measures.missed(); });
    row.push_back({fmt::format("{}", missed), {}, static_cast<double>(missed)});
    table.rows.push_back(std::move(row));
  }
  std::stable_sort(table.rows.begin(), table.rows.end(),
                   [](const auto& a, const auto& b) { return a[0].text < b[0].text; });
  table.notes = {policy_notes(evaluation.policy, evaluation.tolerance_mm).front(),
                 "Means over the structures of a case that are defined. All measures in full precision: cases.csv."};
  return table;
}

}  // namespace medvol::reports
