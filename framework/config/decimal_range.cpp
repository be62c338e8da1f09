#include "framework/config/decimal_range.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <fmt/format.h>

#include "framework/config/scalar.h"

namespace medvol::config {
namespace {

constexpr int most_places = 17;  // a double has no more significant digits

/// How many units of the last decimal place.
double units(const Decimal& number, int places) { return std::round(number.value * std::pow(10.0, places)); }

int finest_places(const DecimalRange& range) {
  return std::max({range.start.places, range.stop.places, range.step.places});
}

}  // namespace

std::optional<Decimal> parse_decimal(std::string_view text) {
  const auto value = parse_number(text);
  if (!value) return std::nullopt;
  int places = 0;
  while (places < most_places && parse_number(fmt::format("{:.{}f}", *value, places)) != value) ++places;
  return Decimal{*value, places};
}

double DecimalRange::count() const {
  const int places = finest_places(*this);
  return std::ceil((units(stop, places) - units(start, places)) / units(step, places));
}

std::vector<std::string> DecimalRange::texts() const {
  const int places = finest_places(*this);
  const double unit = std::pow(10.0, places);
  std::vector<std::string> result;
  for (int64_t i = 0; i < static_cast<int64_t>(count()); ++i) {
    const double value = (units(start, places) + static_cast<double>(i) * units(step, places)) / unit;
    result.push_back(number_text(*parse_number(fmt::format("{:.{}f}", value, places))));
  }
  return result;
}

}  // namespace medvol::config
