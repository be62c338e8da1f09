#pragma once
#include <string>
#include <utility>
#include <vector>

#include "framework/core/error.h"

namespace medvol::config {

/// Our own configuration tree: yaml-cpp's nodes know line and column but not their file, and lose them when merged.
/// Every node remembers where its value came from. Maps keep the order in which keys were written.
class Node {
 public:
  enum class Kind { null, scalar, list, map };

  Node() = default;
  static Node scalar(std::string text, core::Place origin = {}, bool quoted = false);
  static Node list(core::Place origin = {});
  static Node map(core::Place origin = {});

  Kind kind() const { return kind_; }
  bool is_null() const { return kind_ == Kind::null; }
  bool is_scalar() const { return kind_ == Kind::scalar; }
  bool is_list() const { return kind_ == Kind::list; }
  bool is_map() const { return kind_ == Kind::map; }
  /// A scalar's text as written; a quoted scalar is never taken for null, a number or a truth value.
  const std::string& text() const { return text_; }
  bool quoted() const { return quoted_; }
  const core::Place& origin() const { return origin_; }
  void set_origin(core::Place origin) { origin_ = std::move(origin); }
  /// Where the key of this value stands, when it is an entry of a map in a file; else the value's own place.
  const core::Place& key_origin() const { return key_origin_.file.empty() ? origin_ : key_origin_; }
  void set_key_origin(core::Place origin) { key_origin_ = std::move(origin); }

  const std::vector<Node>& items() const { return items_; }
  std::vector<Node>& items() { return items_; }
  void append(Node item) { items_.push_back(std::move(item)); }

  const std::vector<std::pair<std::string, Node>>& entries() const { return entries_; }
  std::vector<std::pair<std::string, Node>>& entries() { return entries_; }
  /// nullptr when this is no map or has no such key.
  const Node* find(const std::string& key) const;
  Node* find(const std::string& key);
  /// Follows "a.b.c".
  const Node* find_path(const std::string& path) const;
  /// Inserts, or replaces in place. A null node becomes a map.
  Node& set(const std::string& key, Node value);
  /// As set(), along "a.b.c": what lies between is made a map where it is absent or null.
  Node& set_path(const std::string& path, Node value);
  bool erase(const std::string& key);
  /// True where a plain `???` stands: the value must be given before the program can start.
  bool is_missing() const { return is_scalar() && !quoted_ && text_ == "???"; }

  /// The same values in the same order; origins do not count, and quotes only where they change the meaning.
  friend bool operator==(const Node& a, const Node& b);

 private:
  Kind kind_ = Kind::null;
  std::string text_;
  bool quoted_ = false;
  std::vector<Node> items_;
  std::vector<std::pair<std::string, Node>> entries_;
  core::Place origin_, key_origin_;
};

/// "a.b.c" → {"a", "b", "c"}.
std::vector<std::string> split_path(const std::string& path);
/// "a" + "b" → "a.b"; either may be empty.
std::string join_path(const std::string& parent, const std::string& key);
/// One line for a value as it may be written in YAML or in an override: `3`, `[1, 2]`, `{a: 1}`, `null`.
std::string inline_text(const Node& node);

}  // namespace medvol::config
