#include "reports/statistics/normal.h"

#include <cmath>

#include "framework/core/error.h"

namespace medvol::reports {

double normal_probability(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

double normal_quantile(double p) {
  MEDVOL_CHECK(p > 0 && p < 1, "probability {}", p);
  // Halving the interval needs no table of coefficients and is called a few times a report. Beyond 38 erfc underflows.
  double low = -38, high = 38;
  for (int step = 0; step < 60; ++step) {
    const double middle = 0.5 * (low + high);
    (normal_probability(middle) < p ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

}  // namespace medvol::reports
