#pragma once
#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

namespace medvol::reports {

/// JSON as Python's `json.dump(…, indent=4, sort_keys=True)` writes it, which nnU-Net's files are: NaN, Infinity and
/// -Infinity stand as bare words (RFC 8259 has none of them; `null` would make nnU-Net's own readers fail), and a float
/// keeps its ".0". Doubles are the shortest texts that read back to the same bits.
std::string python_json(const nlohmann::json& value);

/// Reads what Python's json reads: strict JSON and the three bare words. `where` names the file in the UserError, which
/// also tells line and column.
nlohmann::json parse_python_json(const std::string& text, const std::string& where);

/// parse_python_json() of a file. UserError when it is absent or torn.
nlohmann::json read_python_json(const std::filesystem::path& path);

}  // namespace medvol::reports
