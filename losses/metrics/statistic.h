#pragma once
#include <cstdint>
#include <vector>

namespace medvol::metrics {

/// How a set of values is spread. Undefined values (NaN) are left out and show in `count`.
struct Statistic {
  int64_t count = 0;  ///< values that are defined
  double mean = 0;    ///< NaN when count is 0, as are median and quartiles
  double sd = 0;      ///< sample standard deviation (n - 1); NaN below two values
  double median = 0;
  double lower_quartile = 0;  ///< by linear interpolation (Hyndman and Fan's type 7, numpy's default)
  double upper_quartile = 0;
  double interquartile_range() const { return upper_quartile - lower_quartile; }
};

/// Describes the defined ones of `values`; sums run in the order given.
Statistic describe(const std::vector<double>& values);

/// Percentile (0..100) of ascending, NaN-free values by linear interpolation between order statistics. Throws
/// InternalError on an empty list.
double sorted_percentile(const std::vector<double>& ascending, double percent);

}  // namespace medvol::metrics
