#pragma once
#include <limits>
#include <string>
#include <vector>

namespace medvol::trainers {

/// One value of one method in one case.
struct Measurement {
  std::string case_id, method, measure;
  double value = std::numeric_limits<double>::quiet_NaN();
};

/// How a measure is read.
struct MeasureName {
  std::string name;   ///< as in Measurement
  std::string title;  ///< "PSNR (dB)"
  bool higher_is_better = true;
  int decimals = 3;
};

/// What a finished training is worth where it makes no label maps: methods measured on the same held-out cases, the
/// trained one first.
struct Measurements {
  std::vector<std::string> methods;
  std::vector<std::string> baselines;  ///< methods that the first is tested against
  std::vector<MeasureName> measures;
  std::vector<Measurement> values;
  std::vector<std::string> notes;  ///< ranges and masks: what one must know to take the measures again
};

}  // namespace medvol::trainers
