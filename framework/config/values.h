#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "framework/config/diagnostics.h"
#include "framework/config/fields.h"
#include "framework/config/node.h"
#include "framework/core/units.h"

/// The part of bind.h that needs no templates: one plain value read from a node or written to one. Each read_* leaves
/// `into` as it was when it adds a defect.
namespace medvol::config::detail {

bool expect_list(const Node& node, const std::string& path, Diagnostics& found);
/// A null node counts as an empty map.
bool expect_map(const Node& node, const std::string& path, Diagnostics& found);

void read_truth(const Node& node, const std::string& path, bool& into, Diagnostics& found);
/// A whole number within low..high, the limits of the member's type, and within the constraint.
std::optional<int64_t> read_integer(const Node& node, const std::string& path, const Constraint& constraint,
                                    int64_t low, int64_t high, Diagnostics& found);
void read_number(const Node& node, const std::string& path, const Constraint& constraint, double& into,
                 Diagnostics& found);
void read_text(const Node& node, const std::string& path, const Constraint& constraint, std::string& into,
               Diagnostics& found);
void read_path(const Node& node, const std::string& path, std::filesystem::path& into, Diagnostics& found);
void read_length(const Node& node, const std::string& path, const Constraint& constraint, core::Length& into,
                 Diagnostics& found);
/// The index of the chosen name.
std::optional<size_t> read_choice(const Node& node, const std::string& path, const std::vector<std::string>& choices,
                                  Diagnostics& found);

void report_missing(const Node& node, const std::string& path, Diagnostics& found);
/// "expected a number, got 'abc'"
void report_wrong_type(const Node& node, const std::string& path, const std::string& expected, Diagnostics& found);
void report_unknown_keys(const Node& node, const std::string& path, const std::vector<std::string>& known,
                         Diagnostics& found);

Node value_node(bool value);
Node value_node(double value);
Node value_node(const core::Length& value);
Node value_node(const std::filesystem::path& value);
Node value_node(const std::string& value);
Node integer_node(int64_t value);
/// Quoted where the plain text would be read as something else.
Node text_node(const std::string& value);

/// "whole number" → "whole numbers", "true or false" → "true or false", "list of x" → "lists of x".
std::string plural(const std::string& type);

}  // namespace medvol::config::detail

namespace medvol::config {

/// The allowed range in words: "above 0", "at least 1", "between 0 and 1", "at least 0 and below 1"; empty without
/// limits.
std::string range_text(const Constraint& constraint);

}  // namespace medvol::config
