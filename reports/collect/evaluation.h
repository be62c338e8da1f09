#pragma once
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace medvol::reports {

inline constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// A class (one label) or region (several) that was measured.
struct MeasuredStructure {
  std::string name;
  std::vector<int64_t> labels;

  /// nnU-Net's key: "1", or "(1, 2, 3)" for a region.
  std::string key() const;
  bool operator==(const MeasuredStructure&) const = default;
};

/// Measures of one structure in one case.
struct StructureMeasures {
  /// By name: dice, iou, accuracy, …, hd95, nsd, and the counts TP, FP, FN, TN, n_pred, n_ref. NaN: undefined under the
  /// policy.
  std::map<std::string, double> values;
  std::string outcome;  ///< "found", "missed", "false_alarm" or "absent"

  /// NaN when there is no such measure.
  double value(const std::string& measure) const;
  bool missed() const { return outcome == "missed"; }
};

struct CaseMeasures {
  std::string id;
  std::string reference_file, prediction_file;
  std::vector<StructureMeasures> structures;  ///< in the order of Evaluation::structures
};

/// Mean of a measure over the structures of one case, NaN left out; NaN when it is defined in none.
double foreground_value(const CaseMeasures& one, const std::string& measure);

/// A measure over cases.
struct Moments {
  double mean = not_a_number, sd = not_a_number;
  double low = not_a_number, high = not_a_number;  ///< bootstrap 95 % interval of the mean
  int64_t valid = 0;                               ///< cases the mean is over
  int64_t missed = 0;                              ///< cases in which the structure was missed
};
using MomentsByName = std::map<std::string, Moments>;

/// The policy of a table: how empty masks count, which surface is meant, in which order means are taken.
struct PolicyText {
  std::string name;         ///< "nnunet", "monai", "brats", …
  std::string description;  ///< in plain words
};

/// What an evaluation folder holds (summary.json, cases.csv, report.md, report.html), as its files tell it.
struct Evaluation {
  std::string title;
  std::vector<std::pair<std::string, std::string>> identity;  ///< version, commit, device, seed, data hash, …
  PolicyText policy;
  double tolerance_mm = not_a_number;  ///< of the NSD
  std::vector<MeasuredStructure> structures;
  std::vector<CaseMeasures> cases;
  std::vector<MomentsByName> moments;  ///< one a structure
  MomentsByName foreground;            ///< `valid`: cases with any defined structure; `missed`: over all structures
};

/// The moments of a measure, all NaN when there is no such measure.
Moments moments_of(const MomentsByName& moments, const std::string& measure);

/// Name of a measure in summary.json: nnU-Net writes "Dice" and "IoU", the others stand under medvol's names.
std::string summary_key(const std::string& measure);

/// Reads `summary.json` of a folder (or the file itself); medvol's, or nnU-Net's own, whose policy is then "nnunet" and
/// whose spreads are left NaN. UserError when it is absent, torn or of another layout, naming the key.
Evaluation read_evaluation(const std::filesystem::path& folder_or_file);

/// The layout of summary.json: nnU-Net's "foreground_mean", "mean" and "metric_per_case", and a block "medvol" with all
/// else. nnU-Net's programs read it as their own.
nlohmann::json summary_json(const Evaluation& evaluation);

/// Reads cases.csv: a row a case and structure, with the columns case, structure, labels, outcome and a column a
/// measure. The structures come in order of appearance, cases too; a structure that a case lacks is a UserError.
struct CasesFile {
  std::vector<MeasuredStructure> structures;
  std::vector<CaseMeasures> cases;
};
CasesFile read_cases_csv(const std::filesystem::path& path);

/// Header and rows of cases.csv, numbers as the shortest text that reads back to the same bits, NaN as "nan".
struct CasesRows {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
};
CasesRows cases_rows(const Evaluation& evaluation);

}  // namespace medvol::reports
