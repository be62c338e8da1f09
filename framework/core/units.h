#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace medvol::core {

/// What a length of training is counted in.
enum class Unit { steps, epochs, seconds };

/// A quantity with its unit: "200" or "200 steps", "1e" (epochs), "90s", "5m", "1.5h". Never a bare number in code.
struct Length {
  double value = 0;
  Unit unit = Unit::steps;

  /// Throws UserError on anything else, or on a negative, non-finite value.
  static Length parse(std::string_view text);
  /// The shortest text that parses to the same value ("200", "1e", "5m").
  std::string text() const;
  bool operator==(const Length&) const = default;
};

/// "3 s", "2 min 05 s", "1 h 12 min": durations as a person reads them.
std::string duration_text(double seconds);
/// "118 MB", "4.2 GB".
std::string bytes_text(uint64_t bytes);

}  // namespace medvol::core
