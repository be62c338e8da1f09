#include "losses/metrics/statistic.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "framework/core/error.h"

namespace medvol::metrics {
namespace {

constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

double sample_deviation(const std::vector<double>& values, double mean) {
  if (values.size() < 2) return undefined;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / double(values.size() - 1));
}

}  // namespace

double sorted_percentile(const std::vector<double>& ascending, double percent) {
  MEDVOL_CHECK(!ascending.empty() && percent >= 0 && percent <= 100, "{} values, percent {}", ascending.size(),
               percent);
  const double position = percent / 100 * double(ascending.size() - 1);
  const size_t below = size_t(position);
  if (below + 1 >= ascending.size()) return ascending.back();
  const double share = position - double(below);
  // Equal neighbours are returned as they are: infinity minus infinity would be NaN.
  if (ascending[below] == ascending[below + 1]) return ascending[below];
  return ascending[below] + share * (ascending[below + 1] - ascending[below]);
}

Statistic describe(const std::vector<double>& values) {
  std::vector<double> defined;
  std::copy_if(values.begin(), values.end(), std::back_inserter(defined),
               [](double value) { return !std::isnan(value); });
  if (defined.empty()) return {0, undefined, undefined, undefined, undefined, undefined};
  double sum = 0;
  for (const double value : defined) sum += value;
  Statistic statistic;
  statistic.count = int64_t(defined.size());
  statistic.mean = sum / double(defined.size());
  statistic.sd = sample_deviation(defined, statistic.mean);
  std::sort(defined.begin(), defined.end());
  statistic.median = sorted_percentile(defined, 50);
  statistic.lower_quartile = sorted_percentile(defined, 25);
  statistic.upper_quartile = sorted_percentile(defined, 75);
  return statistic;
}

}  // namespace medvol::metrics
