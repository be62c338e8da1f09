#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace medvol::config {

/// A number and the count of its places behind the point.
struct Decimal {
  double value = 0;
  int places = 0;
};

std::optional<Decimal> parse_decimal(std::string_view text);

/// start, start + step, … up to but without stop, as in Python. Counted in the last decimal place, so that
/// range(0,0.4,0.1) gives 0.3 and not 0.30000000000000004.
struct DecimalRange {
  Decimal start, stop, step;

  /// Below 1 when there is nothing in it; not a number or infinite when the step vanishes.
  double count() const;
  /// Only for a finite count.
  std::vector<std::string> texts() const;
};

}  // namespace medvol::config
