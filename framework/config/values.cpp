#include "framework/config/values.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "framework/config/scalar.h"
#include "framework/core/nearest.h"

namespace medvol::config {
namespace detail {
namespace {

std::string shown(const Node& node) {
  switch (node.kind()) {
    case Node::Kind::null:
      return "nothing";
    case Node::Kind::list:
      return "the list " + inline_text(node);
    case Node::Kind::map:
      return "a group of options";
    case Node::Kind::scalar:
      break;
  }
  return fmt::format("'{}'{}", node.text(),
                     node.quoted() && !reads_as_text(node.text()) ? " in quotes, which is text" : "");
}

bool in_range(double value, const Constraint& constraint) {
  if (constraint.minimum && (constraint.above_minimum ? value <= *constraint.minimum : value < *constraint.minimum))
    return false;
  if (constraint.maximum && (constraint.below_maximum ? value >= *constraint.maximum : value > *constraint.maximum))
    return false;
  return true;
}

bool check_range(const Node& node, const std::string& path, double value, const Constraint& constraint,
                 Diagnostics& found) {
  if (in_range(value, constraint)) return true;
  found.add(node.origin(), path, fmt::format("{} is out of range", node.text()), "expected " + range_text(constraint));
  return false;
}

void report_unknown_name(const Node& node, const std::string& path, const std::vector<std::string>& choices,
                         Diagnostics& found) {
  const auto nearest = core::nearest_name(node.text(), choices);
  const std::string meant = nearest ? fmt::format("did you mean '{}'? ", *nearest) : "";
  found.add(node.origin(), path, fmt::format("'{}' is not allowed", node.text()),
            fmt::format("{}one of: {}", meant, fmt::join(choices, ", ")));
}

}  // namespace

bool expect_list(const Node& node, const std::string& path, Diagnostics& found) {
  if (node.is_list()) return true;
  report_wrong_type(node, path, "a list", found);
  return false;
}

bool expect_map(const Node& node, const std::string& path, Diagnostics& found) {
  if (node.is_map() || node.is_null()) return true;
  report_wrong_type(node, path, "a map of names to values", found);
  return false;
}

void read_truth(const Node& node, const std::string& path, bool& into, Diagnostics& found) {
  const auto value = node.is_scalar() && !node.quoted() ? parse_bool(node.text()) : std::nullopt;
  if (!value) return report_wrong_type(node, path, "true or false", found);
  into = *value;
}

std::optional<int64_t> read_integer(const Node& node, const std::string& path, const Constraint& constraint,
                                    int64_t low, int64_t high, Diagnostics& found) {
  const auto value = node.is_scalar() && !node.quoted() ? parse_integer(node.text()) : std::nullopt;
  if (!value) {
    report_wrong_type(node, path, "a whole number", found);
    return std::nullopt;
  }
  if (!check_range(node, path, static_cast<double>(*value), constraint, found)) return std::nullopt;
  if (*value < low || *value > high) {
    found.add(node.origin(), path, fmt::format("{} is out of range", *value),
              fmt::format("expected between {} and {}", low, high));
    return std::nullopt;
  }
  return value;
}

void read_number(const Node& node, const std::string& path, const Constraint& constraint, double& into,
                 Diagnostics& found) {
  const auto value = node.is_scalar() && !node.quoted() ? parse_number(node.text()) : std::nullopt;
  if (!value) return report_wrong_type(node, path, "a finite number", found);
  if (check_range(node, path, *value, constraint, found)) into = *value;
}

void read_text(const Node& node, const std::string& path, const Constraint& constraint, std::string& into,
               Diagnostics& found) {
  if (!node.is_scalar()) return report_wrong_type(node, path, "text", found);
  const auto& choices = constraint.choices;
  if (!choices.empty() && std::find(choices.begin(), choices.end(), node.text()) == choices.end())
    return report_unknown_name(node, path, choices, found);
  into = node.text();
}

void read_path(const Node& node, const std::string& path, std::filesystem::path& into, Diagnostics& found) {
  if (!node.is_scalar()) return report_wrong_type(node, path, "a path", found);
  into = node.text();
}

void read_length(const Node& node, const std::string& path, const Constraint& constraint, core::Length& into,
                 Diagnostics& found) {
  if (!node.is_scalar()) return report_wrong_type(node, path, "a length such as 200 (steps), 1e (epochs) or 5m", found);
  try {
    const core::Length value = core::Length::parse(node.text());
    if (check_range(node, path, value.value, constraint, found)) into = value;
  } catch (const core::UserError& error) {
    // The hint stands apart in a defect; what() has it appended.
    const std::string what = error.what();
    found.add(node.origin(), path, what.substr(0, what.size() - error.hint().size() - 3), error.hint());
  }
}

std::optional<size_t> read_choice(const Node& node, const std::string& path, const std::vector<std::string>& choices,
                                  Diagnostics& found) {
  if (!node.is_scalar()) {
    report_wrong_type(node, path, fmt::format("one of {}", fmt::join(choices, ", ")), found);
    return std::nullopt;
  }
  const auto place = std::find(choices.begin(), choices.end(), node.text());
  if (place != choices.end()) return static_cast<size_t>(place - choices.begin());
  report_unknown_name(node, path, choices, found);
  return std::nullopt;
}

void report_missing(const Node& node, const std::string& path, Diagnostics& found) {
  found.add(node.origin(), path, "a value is required", fmt::format("give it: {}=…", path));
}

void report_wrong_type(const Node& node, const std::string& path, const std::string& expected, Diagnostics& found) {
  found.add(node.origin(), path, fmt::format("expected {}, got {}", expected, shown(node)));
}

void report_unknown_keys(const Node& node, const std::string& path, const std::vector<std::string>& known,
                         Diagnostics& found) {
  for (const auto& [key, value] : node.entries()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    found.add(value.key_origin(), join_path(path, key), "unknown key",
              known.empty() ? "no options are expected here" : core::did_you_mean(key, known));
  }
}

Node value_node(bool value) { return Node::scalar(value ? "true" : "false"); }
Node value_node(double value) { return Node::scalar(number_text(value)); }
Node value_node(const core::Length& value) { return Node::scalar(value.text()); }
Node value_node(const std::filesystem::path& value) { return text_node(value.string()); }
Node value_node(const std::string& value) { return text_node(value); }
Node integer_node(int64_t value) { return Node::scalar(std::to_string(value)); }
Node text_node(const std::string& value) { return Node::scalar(value, {}, !reads_as_text(value)); }

std::string plural(const std::string& type) {
  if (type.starts_with("list of ")) return "lists of " + type.substr(8);
  if (type.starts_with("map of ")) return "maps of " + type.substr(7);
  return type == "true or false" || type == "text" ? type : type + "s";
}

}  // namespace detail

std::string range_text(const Constraint& constraint) {
  if (!constraint.minimum && !constraint.maximum) return "";
  const std::string low =
      constraint.minimum ? fmt::format("{} {}", constraint.above_minimum ? "above" : "at least", *constraint.minimum)
                         : "";
  const std::string high =
      constraint.maximum ? fmt::format("{} {}", constraint.below_maximum ? "below" : "at most", *constraint.maximum)
                         : "";
  if (low.empty() || high.empty()) return low + high;
  if (!constraint.above_minimum && !constraint.below_maximum)
    return fmt::format("between {} and {}", *constraint.minimum, *constraint.maximum);
  return low + " and " + high;
}

}  // namespace medvol::config
