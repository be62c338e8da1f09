#pragma once
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "reports/tables/evaluation_report.h"
#include "reports/tables/table.h"

namespace medvol::reports {

/// One value of one method in one case.
struct MeasuredValue {
  std::string case_id, method, measure;
  double value = not_a_number;
};

/// How a measure is read.
struct MeasureText {
  std::string name;   ///< as in MeasuredValue
  std::string title;  ///< "PSNR (dB)"
  bool higher_is_better = true;
  int decimals = 3;
};

/// Methods measured on the same cases: networks beside interpolations, meshes before and after.
struct MeasureReport {
  std::string title, lead;
  std::vector<std::pair<std::string, std::string>> identity;
  std::vector<std::string> methods;    ///< in the order of the rows
  std::vector<std::string> baselines;  ///< methods that the first is tested against
  std::vector<MeasureText> measures;
  std::vector<MeasuredValue> values;
  std::vector<std::string> notes;  ///< how the measures were taken: range, mask, policy
  std::vector<Picture> pictures;
};

/// A row a method: mean ± sd over cases with the bootstrap (BCa) 95 % interval.
Table method_table(const MeasureReport& report);
/// A row for each baseline and measure: the first method's mean gain over it, case by case, with the bootstrap 95 %
/// interval and the two-sided Wilcoxon signed-rank test, Holm-corrected.
Table gain_table(const MeasureReport& report);

/// Writes cases.csv (a row a case and method), report.md, report.html and measures.json into `folder`, each atomically,
/// measures.json last. Throws core::UserError without values.
void write_measure_report(const std::filesystem::path& folder, const MeasureReport& report);

}  // namespace medvol::reports
