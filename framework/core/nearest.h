#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace medvol::core {

/// The candidate with the smallest edit distance (insert, delete, replace, swap of neighbours), when it is near enough
/// to be what was meant: at most a third of the longer name's length, at least 1.
std::optional<std::string> nearest_name(std::string_view name, const std::vector<std::string>& candidates);

/// "did you mean 'x'?", else "one of: a, b, c" (at most 12 named).
std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace medvol::core
