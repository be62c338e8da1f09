#include "reports/figures/ticks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace medvol::reports {
namespace {

/// Ends that are finite and apart.
void widen(double& low, double& high) {
  if (!std::isfinite(low) || !std::isfinite(high)) {
    low = 0;
    high = 1;
  }
  if (low > high) std::swap(low, high);
  const double size = std::max(std::abs(low), std::abs(high));
  // Closer than double's digits allow to mark: treated as one value.
  if (high - low > 1e-9 * size) return;
  const double half = size > 0 ? 0.1 * size : 0.5;
  low -= half;
  high += half;
}

/// 1, 2, 2.5 or 5 times a power of ten, not under `span` / `wanted`.
double nice_step(double span, int wanted) {
  const double rough = span / std::max(1, wanted);
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 2.5, 5.0})
    if (factor * power >= rough * (1 - 1e-9)) return factor * power;
  return 10 * power;
}

/// Texts with just the decimals that the step needs; compact where values are very large or small.
std::vector<std::string> tick_texts(const std::vector<double>& values, double step) {
  double largest = 0;
  for (const double value : values) largest = std::max(largest, std::abs(value));
  std::vector<std::string> texts;
  int decimals = 0;
  for (double scaled = step; decimals < 6 && std::abs(scaled - std::round(scaled)) > 1e-6 * scaled; scaled *= 10)
    ++decimals;
  const bool plain = largest < 1e5 && step >= 1e-4;
  for (const double value : values)
    texts.push_back(plain ? fmt::format("{:.{}f}", value == 0 ? 0.0 : value, decimals) : compact_number(value));
  return texts;
}

Ticks ticks_with_step(double first, double last, double step) {
  Ticks ticks;
  for (double i = first; i <= last + 0.5; ++i) ticks.values.push_back(i * step);
  ticks.texts = tick_texts(ticks.values, step);
  return ticks;
}

}  // namespace

std::string compact_number(double value) {
  if (!std::isfinite(value)) return "n/a";
  const double size = std::abs(value);
  if (size >= 1e4 && size < 1e12) {
    const char* suffix = size >= 1e9 ? "G" : size >= 1e6 ? "M" : "k";
    const double unit = size >= 1e9 ? 1e9 : size >= 1e6 ? 1e6 : 1e3;
    return fmt::format("{:.3g}{}", value / unit, suffix);
  }
  if (size != 0 && (size < 1e-3 || size >= 1e12)) {
    std::string text = fmt::format("{:.1e}", value);
    if (const size_t tail = text.find(".0e"); tail != std::string::npos) text.erase(tail, 2);
    if (const size_t zero = text.find("e-0"); zero != std::string::npos) text.erase(zero + 2, 1);
    return text;
  }
  return fmt::format("{:.4g}", value);
}

Ticks linear_ticks(double low, double high, int wanted) {
  widen(low, high);
  const double step = nice_step(high - low, wanted);
  const double first = std::floor(low / step + 1e-9), last = std::ceil(high / step - 1e-9);
  Ticks ticks = ticks_with_step(first, last, step);
  ticks.low = first * step;
  ticks.high = last * step;
  return ticks;
}

Ticks linear_ticks_within(double low, double high, int wanted) {
  widen(low, high);
  const double step = nice_step(high - low, wanted);
  Ticks ticks = ticks_with_step(std::ceil(low / step - 1e-9), std::floor(high / step + 1e-9), step);
  ticks.low = low;
  ticks.high = high;
  return ticks;
}

Ticks logarithmic_ticks(double low, double high, int wanted) {
  if (!(low > 0) || !std::isfinite(low)) low = 1;
  if (!(high > low) || !std::isfinite(high)) high = low;
  if (high < low * 1.0001) {
    low /= 2;
    high *= 2;
  }
  const double decades = std::log10(high / low);
  const std::vector<double> factors = decades > wanted / 2.0 ? std::vector<double>{1} : std::vector<double>{1, 2, 5};
  const int first = static_cast<int>(std::floor(std::log10(low) - 1e-9));
  const int last = static_cast<int>(std::ceil(std::log10(high) + 1e-9));
  std::vector<double> marks;
  for (int power = first; power <= last; ++power)
    for (const double factor : factors) marks.push_back(factor * std::pow(10.0, power));
  // The ends are the marks next to the data.
  const auto begin = std::prev(std::upper_bound(marks.begin() + 1, marks.end(), low * (1 + 1e-9)));
  const auto end = std::lower_bound(marks.begin(), marks.end() - 1, high * (1 - 1e-9));
  const auto stride =
      std::max<std::ptrdiff_t>(1, static_cast<std::ptrdiff_t>(std::ceil((end - begin + 1.0) / (wanted + 2))));
  Ticks ticks{*begin, *end, {}, {}};
  for (auto mark = begin; mark <= end; mark += std::min(stride, end - mark + 1)) {
    ticks.values.push_back(*mark);
    ticks.texts.push_back(compact_number(*mark));
  }
  return ticks;
}

}  // namespace medvol::reports
