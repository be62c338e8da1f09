#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What a plain (unquoted) scalar means. YAML 1.2's core schema, with yes/no/on/off as in YAML 1.1, which Hydra keeps.
namespace medvol::config {

/// `null`, `~` or nothing.
bool is_null_text(std::string_view text);
std::optional<bool> parse_bool(std::string_view text);
/// Decimal; nothing for 1.5, 1e3 or what does not fit.
std::optional<int64_t> parse_integer(std::string_view text);
/// Decimal or scientific, finite.
std::optional<double> parse_number(std::string_view text);
/// False when the plain text would be null, a truth value, a number or `???`.
bool reads_as_text(std::string_view text);
/// The shortest text that parses to the same double. An exponent gets a decimal point (1.0e-05), without which YAML 1.1
/// readers such as PyYAML take it for text.
std::string number_text(double value);

}  // namespace medvol::config
