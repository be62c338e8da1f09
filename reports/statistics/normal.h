#pragma once

namespace medvol::reports {

/// Probability that a standard normal variable is at most z.
double normal_probability(double z);
/// Inverse of normal_probability for 0 < p < 1, to 1e-12.
double normal_quantile(double p);

}  // namespace medvol::reports
