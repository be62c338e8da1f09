#include "reports/statistics/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "framework/core/error.h"
#include "framework/runtime/philox.h"
#include "losses/metrics/statistic.h"
#include "reports/statistics/normal.h"

namespace medvol::reports {
namespace {

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / double(values.size());
}

/// Means of resamples with replacement, ascending. Each resample has a stream of its own.
std::vector<double> resampled_means(const std::vector<double>& values, const BootstrapOptions& options) {
  std::vector<double> means;
  means.reserve(size_t(options.resamples));
  for (int resample = 0; resample < options.resamples; ++resample) {
    runtime::Philox draws(options.seed, runtime::purpose_statistics, uint64_t(resample));
    double sum = 0;
    for (size_t i = 0; i < values.size(); ++i) sum += values[draws.below(values.size())];
    means.push_back(sum / double(values.size()));
  }
  std::sort(means.begin(), means.end());
  return means;
}

/// Median bias of the resampled means in normal units; ties count half.
double bias_correction(const std::vector<double>& means, double mean) {
  const auto below = std::lower_bound(means.begin(), means.end(), mean) - means.begin();
  const auto up_to = std::upper_bound(means.begin(), means.end(), mean) - means.begin();
  const double share = double(below + up_to) / (2 * double(means.size()));
  const double smallest = 0.5 / double(means.size());
  return normal_quantile(std::clamp(share, smallest, 1 - smallest));
}

/// Skewness of the jackknife means, a sixth of it: how fast the standard error changes with the mean.
double acceleration(const std::vector<double>& values, double mean) {
  double squares = 0, cubes = 0;
  for (const double value : values) {
    const double influence = (value - mean) / double(values.size() - 1);  // mean minus the mean without this value
    squares += influence * influence;
    cubes += influence * influence * influence;
  }
  return cubes / (6 * std::pow(squares, 1.5));
}

}  // namespace

Interval bootstrap_mean(const std::vector<double>& values, const BootstrapOptions& options) {
  MEDVOL_CHECK(options.resamples > 0 && options.confidence > 0 && options.confidence < 1, "{} resamples, confidence {}",
               options.resamples, options.confidence);
  std::vector<double> defined;
  std::copy_if(values.begin(), values.end(), std::back_inserter(defined),
               [](double value) { return !std::isnan(value); });
  if (defined.empty()) return {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::quiet_NaN()};
  const auto [smallest, largest] = std::minmax_element(defined.begin(), defined.end());
  if (*smallest == *largest) return {*smallest, *largest};

  const auto means = resampled_means(defined, options);
  double low = (1 - options.confidence) / 2, high = 1 - low;
  if (options.method == BootstrapOptions::Method::bca) {
    const double mean = mean_of(defined);
    const double bias = bias_correction(means, mean), slope = acceleration(defined, mean);
    const auto corrected = [&](double probability) {
      const double shifted = bias + normal_quantile(probability);
      return normal_probability(bias + shifted / (1 - slope * shifted));
    };
    low = corrected(low);
    high = corrected(high);
  }
  return {metrics::sorted_percentile(means, 100 * low), metrics::sorted_percentile(means, 100 * high)};
}

}  // namespace medvol::reports
