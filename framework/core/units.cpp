#include "framework/core/units.h"

#include <array>
#include <charconv>
#include <cmath>

#include "framework/core/error.h"

namespace medvol::core {

Length Length::parse(std::string_view text) {
  const std::string hint = "expected a number with a unit: 200 (steps), 1e (epochs), 90s, 5m or 1.5h";
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  std::string_view suffix(end, static_cast<size_t>(text.data() + text.size() - end));
  while (!suffix.empty() && suffix.front() == ' ') suffix.remove_prefix(1);
  if (error != std::errc() || !std::isfinite(value) || value < 0)
    throw UserError(fmt::format("'{}' is not a length", text), "", hint);
  if (suffix.empty() || suffix == "steps") {
    if (value != std::floor(value)) throw UserError(fmt::format("'{}' is not a whole number of steps", text), "", hint);
    return {value, Unit::steps};
  }
  if (suffix == "e" || suffix == "epochs") return {value, Unit::epochs};
  if (suffix == "s") return {value, Unit::seconds};
  if (suffix == "m" || suffix == "min") return {value * 60, Unit::seconds};
  if (suffix == "h") return {value * 3600, Unit::seconds};
  throw UserError(fmt::format("'{}' has the unknown unit '{}'", text, suffix), "", hint);
}

std::string Length::text() const {
  // Never an exponent: its 'e' would be the unit of epochs.
  const auto plain = [](double number) {
    std::array<char, 400> text;  // the longest double has 309 digits before its point, or 325 places behind it
    const auto end = std::to_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed).ptr;
    return std::string(text.data(), end);
  };
  if (unit == Unit::steps) return plain(value);
  if (unit == Unit::epochs) return plain(value) + "e";
  if (value >= 3600 && std::fmod(value, 3600) == 0) return plain(value / 3600) + "h";
  if (value >= 60 && std::fmod(value, 60) == 0) return plain(value / 60) + "m";
  return plain(value) + "s";
}

std::string duration_text(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return "?";
  if (seconds < 10) return fmt::format("{:.1f} s", seconds);
  const int64_t whole = std::llround(seconds);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
}

std::string bytes_text(uint64_t bytes) {
  if (bytes < 1000) return fmt::format("{} B", bytes);
  const char* units[] = {"kB", "MB", "GB", "TB"};
  double value = static_cast<double>(bytes) / 1000;
  size_t unit = 0;
  while (value >= 999.5 && unit < 3) value /= 1000, ++unit;
  return value < 9.95 ? fmt::format("{:.1f} {}", value, units[unit]) : fmt::format("{:.0f} {}", value, units[unit]);
}

}  // namespace medvol::core
