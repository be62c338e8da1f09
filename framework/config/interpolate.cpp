#include "framework/config/interpolate.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "framework/config/scalar.h"
#include "framework/core/nearest.h"

namespace medvol::config {
namespace {

using Path = std::vector<std::string>;

std::string dotted(const Path& path) { return fmt::format("{}", fmt::join(path, ".")); }

/// The index of the '}' that closes the "${" at `begin`; npos when there is none.
size_t closing_brace(const std::string& text, size_t begin) {
  int depth = 0;
  for (size_t i = begin + 1; i < text.size(); ++i) {
    if (text[i] == '{') ++depth;
    if (text[i] == '}' && --depth == 0) return i;
  }
  return std::string::npos;
}

bool has_interpolation(const std::string& text) { return text.find("${") != std::string::npos; }

std::string trimmed(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

Node plain_node(const std::string& text, const core::Place& origin) {
  Node node;
  node.set_origin(origin);
  return is_null_text(text) && !text.empty() ? node : Node::scalar(text, origin);
}

class Interpolator {
 public:
  Interpolator(const Node& tree, const Node& fallback, Diagnostics& found)
      : tree_(tree), fallback_(fallback), found_(found) {}

  /// The node with everything in it replaced; `path` is its place in the tree.
  Node resolve(const Node& node, const Path& path) {
    if (node.is_scalar()) return resolve_scalar(node, path);
    Node result = node;
    for (auto& [key, value] : result.entries()) value = resolve(value, below(path, key));
    for (size_t i = 0; i < result.items().size(); ++i)
      result.items()[i] = resolve(result.items()[i], below(path, std::to_string(i)));
    return result;
  }

 private:
  /// Thrown up to the value that a person wrote, which gives the place.
  struct Failure {
    std::string what, hint;
  };

  static Path below(Path path, const std::string& key) {
    path.push_back(key);
    return path;
  }

  Node resolve_scalar(const Node& node, const Path& path) {
    if (!has_interpolation(node.text())) return node;
    try {
      Node value = expand(node.text(), node, path);
      value.set_key_origin(node.key_origin());
      return value;
    } catch (const Failure& failure) {
      if (active_.empty()) {
        found_.add(node.origin(), dotted(path), failure.what, failure.hint);
        return Node::scalar("", node.origin());
      }
      throw;
    }
  }

  /// All of a text: one interpolation alone keeps its type, else the parts are joined.
  Node expand(const std::string& text, const Node& written, const Path& path) {
    if (text.starts_with("${") && closing_brace(text, 0) == text.size() - 1) {
      Node value = expand_one(text.substr(2, text.size() - 3), written, path);
      value.set_origin(written.origin());
      return value;
    }
    std::string joined;
    for (size_t i = 0; i < text.size();) {
      if (text.compare(i, 3, "\\${") == 0) {
        joined += "${";
        i += 3;
      } else if (text.compare(i, 2, "${") == 0) {
        const size_t end = closing_brace(text, i);
        if (end == std::string::npos)
          throw Failure{fmt::format("'${{' is not closed in '{}'", text), "write ${a.b}; a plain ${ is \\${"};
        joined += text_of(expand_one(text.substr(i + 2, end - i - 2), written, path), text);
        i = end + 1;
      } else {
        joined += text[i++];
      }
    }
    return Node::scalar(joined, written.origin(), written.quoted());
  }

  static std::string text_of(const Node& value, const std::string& within) {
    if (value.is_list() || value.is_map())
      throw Failure{fmt::format("a list or a group within the text '{}'", within),
                    "only plain values may be joined to text"};
    return value.is_null() ? "null" : value.text();
  }

  /// The inside of one `${…}`.
  Node expand_one(const std::string& inside, const Node& written, const Path& path) {
    const size_t colon = inside.find(':');
    const size_t nested = inside.find("${");
    if (colon != std::string::npos && colon < nested) {
      const std::string resolver = trimmed(inside.substr(0, colon));
      if (resolver != "env" && resolver != "oc.env")
        throw Failure{fmt::format("unknown resolver '{}' in '${{{}}}'", resolver, inside),
                      "known is ${env:NAME,default}"};
      return expand_environment(inside.substr(colon + 1), written, path);
    }
    std::string name = inside;
    if (nested != std::string::npos)
      name = text_of(expand(inside, Node::scalar(inside, written.origin()), path), inside);
    return look_up(trimmed(name), path);
  }

  Node expand_environment(const std::string& arguments, const Node& written, const Path& path) {
    const size_t comma = arguments.find(',');
    const std::string name = trimmed(arguments.substr(0, comma));
    if (name.empty()) throw Failure{"'${env:}' names no variable", "write ${env:NAME,default}"};
    if (const char* value = std::getenv(name.c_str())) return plain_node(value, written.origin());
    if (comma == std::string::npos)
      throw Failure{fmt::format("the environment has no variable {}", name),
                    fmt::format("set it, or write ${{env:{},default}}", name)};
    return default_value(trimmed(arguments.substr(comma + 1)), written, path);
  }

  Node default_value(const std::string& text, const Node& written, const Path& path) {
    const bool quoted =
        text.size() >= 2 && (text.front() == '\'' || text.front() == '"') && text.back() == text.front();
    if (quoted) return Node::scalar(text.substr(1, text.size() - 2), written.origin(), true);
    return has_interpolation(text) ? expand(text, Node::scalar(text, written.origin()), path)
                                   : plain_node(text, written.origin());
  }

  Node look_up(const std::string& name, const Path& path) {
    const Path target = target_path(name, path);
    const std::string key = dotted(target);
    if (std::find(active_.begin(), active_.end(), key) != active_.end()) {
      throw Failure{fmt::format("'${{{}}}' refers to itself: {} → {}", name, fmt::join(active_, " → "), key),
                    "give one of them a value"};
    }
    active_.push_back(key);
    try {
      const std::optional<Node> raw = find(target);
      if (!raw) fail_unknown(name, target);
      Node value = resolve(*raw, target);
      active_.pop_back();
      return value;
    } catch (...) {
      active_.pop_back();
      throw;
    }
  }

  /// "a.b" from the top; ".x" beside the value at `path`; every further dot one group further out.
  static Path target_path(const std::string& name, const Path& path) {
    const size_t dots = std::min(name.find_first_not_of('.'), name.size());
    if (dots == name.size()) throw Failure{fmt::format("'${{{}}}' names no value", name), "write ${a.b} or ${.b}"};
    std::string rest = name.substr(dots);
    Path target;
    if (dots > path.size())
      throw Failure{fmt::format("'${{{}}}' leads out of the configuration", name), "use fewer dots"};
    if (dots > 0) target.assign(path.begin(), path.end() - static_cast<std::ptrdiff_t>(dots));
    std::replace(rest.begin(), rest.end(), '[', '.');
    std::erase(rest, ']');
    for (const std::string& key : split_path(rest)) target.push_back(key);
    return target;
  }

  /// What stands there, before its own replacement. A part of the way may itself be an interpolation.
  std::optional<Node> find(const Path& target) {
    if (auto found = find_in(tree_, target)) return found;
    return find_in(fallback_, target);
  }

  std::optional<Node> find_in(const Node& root, const Path& target) {
    Node resolved;  // keeps what an interpolation on the way gave
    const Node* node = &root;
    Path so_far;
    for (const std::string& key : target) {
      if (node->is_scalar() && has_interpolation(node->text())) {
        Node value = look_up_on_the_way(*node, so_far);
        resolved = std::move(value);
        node = &resolved;
      }
      node = child(*node, key);
      if (!node) return std::nullopt;
      so_far.push_back(key);
    }
    return *node;
  }

  Node look_up_on_the_way(const Node& node, const Path& path) {
    const std::string key = dotted(path);
    if (std::find(active_.begin(), active_.end(), key) != active_.end())
      throw Failure{fmt::format("'{}' refers to itself: {} → {}", node.text(), fmt::join(active_, " → "), key),
                    "give one of them a value"};
    active_.push_back(key);
    try {
      Node value = expand(node.text(), node, path);
      active_.pop_back();
      return value;
    } catch (...) {
      active_.pop_back();
      throw;
    }
  }

  static const Node* child(const Node& node, const std::string& key) {
    if (!node.is_list()) return node.find(key);
    const auto index = parse_integer(key);
    if (!index || *index < 0 || *index >= static_cast<int64_t>(node.items().size())) return nullptr;
    return &node.items()[static_cast<size_t>(*index)];
  }

  [[noreturn]] void fail_unknown(const std::string& name, const Path& target) {
    Path parent = target;
    std::vector<std::string> candidates;
    while (!parent.empty() && candidates.empty()) {
      parent.pop_back();
      for (const Node* root : {&tree_, &fallback_}) {
        const std::optional<Node> node = find_in(*root, parent);
        if (!node) continue;
        for (const auto& [key, value] : node->entries()) candidates.push_back(key);
      }
    }
    std::sort(candidates.begin(), candidates.end());
    candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
    throw Failure{fmt::format("'${{{}}}' names nothing", name),
                  candidates.empty() ? "write ${a.b}" : core::did_you_mean(target[parent.size()], candidates)};
  }

  const Node& tree_;
  const Node& fallback_;
  Diagnostics& found_;
  std::vector<std::string> active_;
};

}  // namespace

void interpolate(Node& tree, const Node& fallback, Diagnostics& found) {
  const Node written = tree;
  tree = Interpolator(written, fallback, found).resolve(written, {});
}

}  // namespace medvol::config
