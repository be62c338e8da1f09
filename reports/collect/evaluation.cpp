#include "reports/collect/evaluation.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "reports/collect/summary_layout.h"

namespace medvol::reports {
namespace {

/// nnU-Net's spelling of two measures.
constexpr std::array<std::pair<const char*, const char*>, 2> spellings{{{"dice", "Dice"}, {"iou", "IoU"}}};

}  // namespace

std::string measure_name(const std::string& key) {
  for (const auto& [ours, theirs] : spellings)
    if (key == theirs) return ours;
  return key;
}

std::string summary_key(const std::string& measure) {
  for (const auto& [ours, theirs] : spellings)
    if (measure == ours) return theirs;
  return measure;
}

bool is_count(const std::string& measure) {
  static constexpr std::array counts{"TP", "FP", "FN", "TN", "n_pred", "n_ref"};
  return std::find(counts.begin(), counts.end(), measure) != counts.end();
}

double mean_of_defined(const std::vector<double>& values) {
  double sum = 0;
  int64_t count = 0;
  for (const double value : values)
    if (!std::isnan(value)) {
      sum += value;
      ++count;
    }
  return count == 0 ? not_a_number : sum / static_cast<double>(count);
}

std::string MeasuredStructure::key() const {
  if (labels.size() == 1) return fmt::format("{}", labels.front());
  return fmt::format("({})", fmt::join(labels, ", "));
}

double StructureMeasures::value(const std::string& measure) const {
  const auto found = values.find(measure);
  return found == values.end() ? not_a_number : found->second;
}

double foreground_value(const CaseMeasures& one, const std::string& measure) {
  std::vector<double> values;
  for (const StructureMeasures& measures : one.structures) values.push_back(measures.value(measure));
  return mean_of_defined(values);
}

Moments moments_of(const MomentsByName& moments, const std::string& measure) {
  const auto found = moments.find(measure);
  return found == moments.end() ? Moments{} : found->second;
}

}  // namespace medvol::reports
