#pragma once
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace medvol::reports {

inline constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// Measures of one class in one case, by name: Dice, IoU, accuracy, precision, …, and the counts TP, FP, FN, TN, n_pred,
/// n_ref. NaN: undefined under the policy.
struct ClassMeasures {
  std::map<std::string, double> values;
  bool missed = false;  ///< the reference holds the class, the prediction does not (or there is no prediction)

  /// NaN when there is no such measure.
  double value(const std::string& name) const;
};

struct CaseMeasures {
  std::string id;
  std::string reference_file, prediction_file;
  std::map<int64_t, ClassMeasures> classes;
};

/// A measure over cases.
struct Moments {
  double mean = not_a_number, sd = not_a_number;
  double low = not_a_number, high = not_a_number;  ///< bootstrap 95 % interval of the mean
  int64_t valid = 0;                               ///< cases the mean is over
  int64_t missed = 0;                              ///< cases in which the structure was missed
};
using MomentsByName = std::map<std::string, Moments>;

/// What an evaluation folder holds (summary.json, cases.csv, report.md, report.html), as files tell it.
struct Evaluation {
  std::string name;  ///< title
  std::vector<std::pair<std::string, std::string>> identity;  ///< version, commit, device, seed, data hash, …
  std::string policy;              ///< its name: "nnunet", "monai", "brats"
  std::string policy_description;  ///< in plain words
  std::map<int64_t, std::string> class_names;
  double tolerance_mm = not_a_number;  ///< of the NSD
  std::vector<CaseMeasures> cases;
  std::map<int64_t, MomentsByName> classes;
  MomentsByName foreground;
};

/// Reads `summary.json` of a folder (or the file itself); medvol's, or nnU-Net's own, whose policy is then "nnunet" and
/// whose spreads are left NaN. UserError when it is absent, torn or of another layout, naming the key.
Evaluation read_evaluation(const std::filesystem::path& folder_or_file);

/// Reads the measures of `cases.csv`, which must agree in columns with what medvol writes.
std::vector<CaseMeasures> read_cases_csv(const std::filesystem::path& path);

}  // namespace medvol::reports
