#pragma once
#include <algorithm>
#include <vector>

namespace medvol::core {

/// numpy.percentile's default: linear between the two nearest of the ascending values. `q` in [0, 100]; not empty.
template <class T>
double sorted_percentile(const std::vector<T>& ascending, double q) {
  const double place = q / 100 * double(ascending.size() - 1);
  const size_t below = static_cast<size_t>(place);
  const double low = double(ascending[below]), high = double(ascending[std::min(below + 1, ascending.size() - 1)]);
  const double beyond = place - double(below);
  return beyond < 0.5 ? low + (high - low) * beyond : high - (high - low) * (1 - beyond);  // to numpy's last digit
}

inline double percentile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  return sorted_percentile(values, q);
}

}  // namespace medvol::core
