#pragma once
#include <cstdint>
#include <vector>

namespace medvol::reports {

/// Result of a two-sided Wilcoxon signed-rank test.
struct WilcoxonResult {
  double statistic = 0;  ///< the smaller of the two rank sums, W
  double p = 1;
  int64_t n = 0;       ///< pairs that differ; pairs with a NaN and equal pairs are left out
  bool exact = false;  ///< exact null distribution, else the normal approximation
};

/// Two-sided Wilcoxon signed-rank test of paired samples (Wilcoxon 1945). Equal pairs are dropped (Wilcoxon's own
/// rule). Exact for at most 25 pairs without ties and without equal pairs; otherwise normal, with correction for ties
/// and for continuity (scipy.stats.wilcoxon(method='exact' | 'approx', correction=True)). n = 0 gives p = 1.
/// InternalError when the samples differ in length.
WilcoxonResult wilcoxon_signed_rank(const std::vector<double>& a, const std::vector<double>& b);

/// Holm's step-down adjustment of p values for several tests (Holm 1979), in the order given, at most 1. NaN stays NaN
/// and does not count as a test.
std::vector<double> holm_adjusted(const std::vector<double>& p_values);

}  // namespace medvol::reports
