#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "framework/core/error.h"
#include "framework/storage/csv.h"
#include "reports/collect/evaluation.h"

namespace medvol::reports {
namespace {

constexpr size_t leading_columns = 4;  // case, structure, labels, outcome

std::string number_text(double value) { return std::isnan(value) ? "nan" : fmt::format("{}", value); }

double parse_number(const std::string& text, const std::string& where) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    throw core::UserError(fmt::format("'{}' is no number", text), where, "expected a number, nan or inf");
  return value;
}

std::vector<int64_t> parse_labels(const std::string& text, const std::string& where) {
  std::vector<int64_t> labels;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(' ', begin), text.size());
    labels.push_back(static_cast<int64_t>(parse_number(text.substr(begin, end - begin), where)));
    begin = end + 1;
  }
  return labels;
}

/// The measures of all structures, in the order a table has them: those of the first case, counts and others as named.
std::vector<std::string> measures_of(const Evaluation& evaluation) {
  std::set<std::string> names;
  for (const CaseMeasures& one : evaluation.cases)
    for (const StructureMeasures& measures : one.structures)
      for (const auto& [name, value] : measures.values) names.insert(name);
  static const std::vector<std::string> order{"dice",
                                              "iou",
                                              "accuracy",
                                              "precision",
                                              "recall",
                                              "specificity",
                                              "volume_difference_ml",
                                              "volume_difference_relative",
                                              "hd",
                                              "hd95",
                                              "assd",
                                              "nsd",
                                              "TP",
                                              "FP",
                                              "FN",
                                              "TN",
                                              "n_pred",
                                              "n_ref"};
  std::vector<std::string> sorted;
  for (const std::string& name : order)
    if (names.erase(name)) sorted.push_back(name);
  sorted.insert(sorted.end(), names.begin(), names.end());
  return sorted;
}

}  // namespace

CasesRows cases_rows(const Evaluation& evaluation) {
  const std::vector<std::string> measures = measures_of(evaluation);
  CasesRows table;
  table.header = {"case", "structure", "labels", "outcome"};
  table.header.insert(table.header.end(), measures.begin(), measures.end());
  for (const CaseMeasures& one : evaluation.cases)
    for (size_t i = 0; i < evaluation.structures.size(); ++i) {
      const MeasuredStructure& structure = evaluation.structures[i];
      std::vector<std::string> row = {one.id, structure.name, fmt::format("{}", fmt::join(structure.labels, " ")),
                                      one.structures[i].outcome};
      for (const std::string& measure : measures) row.push_back(number_text(one.structures[i].value(measure)));
      table.rows.push_back(std::move(row));
    }
  return table;
}

CasesFile read_cases_csv(const std::filesystem::path& path) {
  const storage::CsvTable table = storage::read_csv(path);
  const CasesRows empty = cases_rows({});
  if (table.header.size() < leading_columns ||
      !std::equal(empty.header.begin(), empty.header.end(), table.header.begin()))
    throw core::UserError("these are not the columns of a cases.csv", path.string(),
                          fmt::format("expected {} and the measures", fmt::join(empty.header, ",")));
  CasesFile file;
  for (size_t i = 0; i < table.rows.size(); ++i) {
    const std::vector<std::string>& row = table.rows[i];
    const std::string where = fmt::format("{}: row {}", path.string(), i + 2);
    if (file.cases.empty() || file.cases.back().id != row[0]) file.cases.push_back({row[0], "", "", {}});
    CaseMeasures& one = file.cases.back();
    const MeasuredStructure structure{row[1], parse_labels(row[2], where)};
    if (file.cases.size() == 1) file.structures.push_back(structure);
    if (one.structures.size() >= file.structures.size() || !(file.structures[one.structures.size()] == structure))
      throw core::UserError(
          fmt::format("case '{}' does not list the structures of the first case in their order", one.id), where,
          "evaluate again");
    StructureMeasures measures{{}, row[3]};
    for (size_t column = leading_columns; column < row.size(); ++column)
      measures.values[table.header[column]] = parse_number(row[column], where + ", column " + table.header[column]);
    one.structures.push_back(std::move(measures));
  }
  for (const CaseMeasures& one : file.cases)
    if (one.structures.size() != file.structures.size())
      throw core::UserError(fmt::format("case '{}' lacks a structure", one.id), path.string(),
                            "the file was cut off: evaluate again");
  return file;
}

}  // namespace medvol::reports
