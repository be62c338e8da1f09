#include "framework/config/compose.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "framework/core/nearest.h"

namespace medvol::config {
namespace {

/// A dotted key is always a value; a group is chosen by name, not by `{…}`.
bool is_group_choice(const Override& override, const SearchPath& search_path) {
  if (override.key.find('.') != std::string::npos) return false;
  const bool group_values = std::none_of(override.values.begin(), override.values.end(),
                                         [](const OverrideValue& value) { return value.node.is_map(); });
  return group_values && (override.key.find('/') != std::string::npos || !override.package.empty() ||
                          search_path.has_group(override.key));
}

class ValueOverrides {
 public:
  ValueOverrides(const ComposeRequest& request, Node& tree, Diagnostics& found)
      : request_(request), tree_(tree), found_(found) {}

  void apply(const Override& override) {
    switch (override.kind) {
      case Override::Kind::remove:
        return remove(override);
      case Override::Kind::add:
        return add(override);
      case Override::Kind::change:
        return change(override);
      case Override::Kind::force_add:
        return write(override);
    }
  }

 private:
  void change(const Override& override) {
    if (is_known(override.key)) return write(override);
    std::string hint = fmt::format("a new key is added with +{}", override.text);
    const auto [parent, candidates] = siblings(override.key);
    const std::string last = split_path(override.key)[parent];
    if (const auto nearest = core::nearest_name(last, candidates)) {
      std::vector<std::string> keys = split_path(override.key);
      keys[parent] = *nearest;
      std::string meant;
      for (const std::string& key : keys) meant = join_path(meant, key);
      hint = fmt::format("did you mean '{}'? {}", meant, hint);
    }
    found_.add(override.place(), override.key, "no such key in the configuration", hint);
  }

  void add(const Override& override) {
    const Node* present = tree_.find_path(override.key);
    const Node& value = override.values.front().node;
    if (present && !(present->is_map() && value.is_map())) {
      found_.add(override.place(), override.key, "the key is there already",
                 fmt::format("to change it write {}, without +", override.text.substr(1)));
      return;
    }
    write(override);
  }

  void remove(const Override& override) {
    const Node* present = tree_.find_path(override.key);
    if (!present) {
      const bool only_default = request_.schema.find_path(override.key) != nullptr;
      const std::vector<std::string> candidates = siblings(override.key).second;
      found_.add(override.place(), override.key, "nothing to delete",
                 only_default ? "it has its default already"
                              : core::did_you_mean(split_path(override.key).back(), candidates));
      return;
    }
    if (!override.values.empty() && !(override.values.front().node == *present)) {
      found_.add(
          override.place(), override.key,
          fmt::format("not deleted: the value is {}, not {}", inline_text(*present), override.values.front().text),
          fmt::format("write ~{}", override.key));
      return;
    }
    const std::vector<std::string> keys = split_path(override.key);
    Node* parent = &tree_;
    for (size_t i = 0; i + 1 < keys.size(); ++i) parent = parent->find(keys[i]);
    parent->erase(keys.back());
  }

  void write(const Override& override) {
    const std::vector<std::string> keys = split_path(override.key);
    const Node* node = &tree_;
    std::string path;
    for (size_t i = 0; node && i + 1 < keys.size(); ++i) {
      path = join_path(path, keys[i]);
      node = node->find(keys[i]);
      if (node && !node->is_map() && !node->is_null()) {
        found_.add(override.place(), override.key, fmt::format("'{}' is {}, it has no keys", path, inline_text(*node)),
                   fmt::format("write ++{}={{…}} to replace it", path));
        return;
      }
    }
    Node nested = Node::map();
    nested.set_path(override.key, override.values.front().node);
    merge(tree_, nested);
  }

  /// In the composed tree, among the defaults, or beneath an open path or a group whose default is null.
  bool is_known(const std::string& path) const {
    if (tree_.find_path(path)) return true;
    for (const std::string& open : request_.open_paths)
      if (path == open || path.starts_with(open + ".")) return true;
    const Node* node = &request_.schema;
    for (const std::string& key : split_path(path)) {
      if (node->is_null() && node != &request_.schema) return true;
      node = node->find(key);
      if (!node) return false;
    }
    return true;
  }

  /// The index of the first unknown part of the path, and the keys there are in its place.
  std::pair<size_t, std::vector<std::string>> siblings(const std::string& path) const {
    const std::vector<std::string> keys = split_path(path);
    const Node* in_tree = &tree_;
    const Node* in_schema = &request_.schema;
    size_t depth = 0;
    for (; depth + 1 < keys.size(); ++depth) {
      const Node* next_in_tree = in_tree ? in_tree->find(keys[depth]) : nullptr;
      const Node* next_in_schema = in_schema ? in_schema->find(keys[depth]) : nullptr;
      if (!next_in_tree && !next_in_schema) break;
      in_tree = next_in_tree;
      in_schema = next_in_schema;
    }
    std::set<std::string> names;
    for (const Node* node : {in_tree, in_schema}) {
      if (!node) continue;
      for (const auto& [key, value] : node->entries()) names.insert(key);
    }
    if (depth == 0) {
      for (const std::string& group : request_.search_path.groups()) names.insert(group);
    }
    return {depth, {names.begin(), names.end()}};
  }

  const ComposeRequest& request_;
  Node& tree_;
  Diagnostics& found_;
};

void refuse_sweeps(const std::vector<Override>& overrides, Diagnostics& found) {
  for (const Override& override : overrides) {
    if (!override.sweep) continue;
    std::string values;
    for (const OverrideValue& value : override.values) values += (values.empty() ? "" : ",") + value.text;
    found.add(override.place(), override.key, "several values, but one run",
              fmt::format("for a list write {}=[{}], for one text put quotes around it, to run each add --multirun",
                          override.key, values));
  }
}

}  // namespace

void merge(Node& into, const Node& from) {
  if (!from.is_map() || !into.is_map()) {
    into = from;
    return;
  }
  for (const auto& [key, value] : from.entries()) {
    if (Node* present = into.find(key)) {
      merge(*present, value);
    } else {
      into.set(key, value);
    }
  }
}

Composition compose(const ComposeRequest& request, Diagnostics& found) {
  Diagnostics of_files;
  refuse_sweeps(request.overrides, of_files);
  of_files.throw_if_any();
  std::vector<Override> group_overrides, value_overrides;
  for (const Override& override : request.overrides)
    (is_group_choice(override, request.search_path) ? group_overrides : value_overrides).push_back(override);

  Composition result;
  result.files = resolve_defaults(request.search_path, request.primary, group_overrides, of_files);
  of_files.throw_if_any();
  result.tree = Node::map();
  for (const DefaultsFile& file : result.files) {
    Node placed = Node::map();
    if (!file.package.empty()) placed.set_path(file.package, file.content);
    merge(result.tree, file.package.empty() ? file.content : placed);
  }
  ValueOverrides values(request, result.tree, found);
  for (const Override& override : value_overrides) values.apply(override);
  return result;
}

}  // namespace medvol::config
