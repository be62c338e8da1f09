#include "framework/config/defaults.h"

namespace medvol::config {
namespace {

constexpr const char* entry_forms = "write '- group: option', '- override /group: option', '- file' or '- _self_'";

[[noreturn]] void fail(const core::Place& place, const std::string& what, const std::string& hint) {
  throw ConfigError({{place, "defaults", what, hint}});
}

bool take_word(std::string& text, const std::string& word) {
  if (!text.starts_with(word + " ")) return false;
  text.erase(0, text.find_first_not_of(' ', word.size()));
  return true;
}

/// "/a/b" from the root; "b" beneath `group`.
std::string absolute_group(const std::string& name, const std::string& group) {
  if (name.starts_with("/")) return name.substr(1);
  return group.empty() ? name : group + "/" + name;
}

DefaultsEntry parse_plain_entry(const Node& item, const std::string& group) {
  DefaultsEntry entry;
  entry.place = item.origin();
  std::string name = item.text();
  if (name == "_self_") return entry;
  entry.kind = DefaultsEntry::Kind::config;
  entry.optional = take_word(name, "optional");
  if (const size_t at = name.find('@'); at != std::string::npos) {
    entry.package = name.substr(at + 1);
    name.resize(at);
  }
  const std::string config = absolute_group(name, group);
  const size_t slash = config.rfind('/');
  entry.group = slash == std::string::npos ? "" : config.substr(0, slash);
  entry.options = {slash == std::string::npos ? config : config.substr(slash + 1)};
  return entry;
}

DefaultsEntry parse_group_entry(const Node& item, const std::string& group) {
  if (item.entries().size() != 1) fail(item.origin(), "an entry with several keys", entry_forms);
  auto [name, value] = item.entries().front();
  DefaultsEntry entry;
  entry.kind = DefaultsEntry::Kind::group;
  entry.place = value.key_origin();
  // The two words may stand in either order.
  entry.optional = take_word(name, "optional");
  entry.override_choice = take_word(name, "override");
  entry.optional = take_word(name, "optional") || entry.optional;
  if (const size_t at = name.find('@'); at != std::string::npos) {
    entry.package = name.substr(at + 1);
    name.resize(at);
  }
  entry.group = absolute_group(name, group);
  entry.must_choose = value.is_missing();
  if (!entry.must_choose) entry.options = option_names(value);
  return entry;
}

}  // namespace

std::vector<std::string> option_names(const Node& value) {
  std::vector<std::string> options;
  const std::vector<Node> values = value.is_list() ? value.items() : std::vector<Node>{value};
  for (const Node& option : values) {
    if (option.is_null()) continue;
    if (!option.is_scalar()) fail(option.origin(), "an option of a group is no name", entry_forms);
    options.push_back(option.text());
  }
  return options;
}

std::vector<DefaultsEntry> parse_defaults(const Node& file, const std::string& group) {
  std::vector<DefaultsEntry> entries;
  const Node* list = file.find("defaults");
  if (list && !list->is_list() && !list->is_null()) fail(list->origin(), "expected a list", entry_forms);
  bool has_self = false;
  if (list) {
    for (const Node& item : list->items()) {
      if (!item.is_scalar() && !item.is_map())
        fail(item.origin(), "an entry is neither a name nor a choice", entry_forms);
      entries.push_back(item.is_map() ? parse_group_entry(item, group) : parse_plain_entry(item, group));
      const bool is_self = entries.back().kind == DefaultsEntry::Kind::self;
      if (is_self && has_self) fail(item.origin(), "'_self_' stands twice", "keep one of them");
      has_self = has_self || is_self;
    }
  }
  if (!has_self) entries.emplace_back();
  return entries;
}

}  // namespace medvol::config
