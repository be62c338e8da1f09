#include "framework/config/node.h"

#include <algorithm>

#include "framework/config/scalar.h"

namespace medvol::config {
namespace {

/// Escapes as YAML's double-quoted style has them; all else of UTF-8 stands as it is.
std::string quote(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
        result += "\\\"";
        break;
      case '\\':
        result += "\\\\";
        break;
      case '\n':
        result += "\\n";
        break;
      case '\r':
        result += "\\r";
        break;
      case '\t':
        result += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
          result += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        } else {
          result += c;
        }
    }
  }
  return result + "\"";
}

/// Whether the text may stand without quotes in a block or in [a, {b: c}] and mean itself. (yaml-cpp wants no '?' in
/// [].)
bool is_plain(const std::string& text) {
  if (text == "???") return true;
  if (text.empty() || text == "---" || text == "...") return false;
  const bool indicator_first = std::string("-?:,[]{}#&*!|>'\"%@`=").find(text.front()) != std::string::npos;
  const bool sign_of_number = text.front() == '-' && parse_number(text).has_value();
  if ((indicator_first && !sign_of_number) || text.front() == ' ' || text.back() == ' ') return false;
  if (text.back() == ':' || text.find(": ") != std::string::npos || text.find(" #") != std::string::npos) return false;
  return std::none_of(text.begin(), text.end(), [](unsigned char c) {
    return c < 0x20 || c == 0x7f || c == ',' || c == '[' || c == ']' || c == '{' || c == '}' || c == '?' || c == '"' ||
           c == '\'';
  });
}

std::string scalar_text(const std::string& text, bool quoted) {
  // Quotes that change nothing are left out: `name: unet`, but `fold: "0"` for the text 0.
  const bool needs_quotes = quoted && !reads_as_text(text);
  return needs_quotes || !is_plain(text) ? quote(text) : text;
}

}  // namespace

Node Node::scalar(std::string text, core::Place origin, bool quoted) {
  Node node;
  node.kind_ = Kind::scalar;
  node.text_ = std::move(text);
  node.quoted_ = quoted || node.text_.empty();  // no text at all would be null
  node.origin_ = std::move(origin);
  return node;
}

Node Node::list(core::Place origin) {
  Node node;
  node.kind_ = Kind::list;
  node.origin_ = std::move(origin);
  return node;
}

Node Node::map(core::Place origin) {
  Node node;
  node.kind_ = Kind::map;
  node.origin_ = std::move(origin);
  return node;
}

const Node* Node::find(const std::string& key) const {
  for (const auto& [name, value] : entries_)
    if (name == key) return &value;
  return nullptr;
}

Node* Node::find(const std::string& key) { return const_cast<Node*>(std::as_const(*this).find(key)); }

const Node* Node::find_path(const std::string& path) const {
  const Node* node = this;
  for (const std::string& key : split_path(path)) {
    node = node->find(key);
    if (!node) return nullptr;
  }
  return node;
}

Node& Node::set(const std::string& key, Node value) {
  MEDVOL_CHECK(is_map() || is_null(), "'{}' set in what is no map", key);
  kind_ = Kind::map;
  if (Node* present = find(key)) {
    *present = std::move(value);
    return *present;
  }
  return entries_.emplace_back(key, std::move(value)).second;
}

Node& Node::set_path(const std::string& path, Node value) {
  const std::vector<std::string> keys = split_path(path);
  MEDVOL_CHECK(!keys.empty());
  Node* node = this;
  for (size_t i = 0; i + 1 < keys.size(); ++i) {
    Node* next = node->find(keys[i]);
    if (!next) next = &node->set(keys[i], Node::map(value.origin()));
    node = next;
  }
  return node->set(keys.back(), std::move(value));
}

bool Node::erase(const std::string& key) {
  return std::erase_if(entries_, [&](const auto& entry) { return entry.first == key; }) > 0;
}

bool operator==(const Node& a, const Node& b) {
  if (a.kind_ != b.kind_ || a.text_ != b.text_ || a.items_ != b.items_ || a.entries_ != b.entries_) return false;
  return a.quoted_ == b.quoted_ || reads_as_text(a.text_);
}

std::vector<std::string> split_path(const std::string& path) {
  std::vector<std::string> keys;
  if (path.empty()) return keys;
  size_t begin = 0;
  for (size_t end = path.find('.'); end != std::string::npos; end = path.find('.', begin)) {
    keys.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  keys.push_back(path.substr(begin));
  return keys;
}

std::string join_path(const std::string& parent, const std::string& key) {
  if (parent.empty() || key.empty()) return parent + key;
  return parent + "." + key;
}

std::string inline_text(const Node& node) {
  std::string text;
  switch (node.kind()) {
    case Node::Kind::null:
      return "null";
    case Node::Kind::scalar:
      return scalar_text(node.text(), node.quoted());
    case Node::Kind::list:
      for (const Node& item : node.items()) text += (text.empty() ? "" : ", ") + inline_text(item);
      return "[" + text + "]";
    case Node::Kind::map:
      for (const auto& [key, value] : node.entries())
        text += (text.empty() ? "" : ", ") + scalar_text(key, true) + ": " + inline_text(value);
      return "{" + text + "}";
  }
  return text;
}

}  // namespace medvol::config
