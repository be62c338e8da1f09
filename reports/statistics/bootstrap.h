#pragma once
#include <cstdint>
#include <vector>

namespace medvol::reports {

/// A confidence interval.
struct Interval {
  double low = 0, high = 0;
};

struct BootstrapOptions {
  enum class Method {
    percentile,
    bca,  ///< bias-corrected and accelerated (Efron 1987), second-order accurate
  };
  Method method = Method::bca;
  double confidence = 0.95;
  int resamples = 10000;
  uint64_t seed = 0;
};

/// Bootstrap interval of the mean (Efron and Tibshirani 1993). NaN values are left out; the same values and seed always
/// give the same interval. One value or equal values: that value twice; no value: NaN.
Interval bootstrap_mean(const std::vector<double>& values, const BootstrapOptions& options = {});

}  // namespace medvol::reports
