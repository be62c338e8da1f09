#include "framework/config/print.h"

#include <algorithm>
#include <vector>

namespace medvol::config {
namespace {

constexpr size_t widest_aligned = 60;  // comments of longer lines follow directly

struct Line {
  std::string text, comment;
};

std::string origin_text(const core::Place& origin) {
  if (origin.file.empty()) return "default";
  return core::Place{origin.file, origin.line, 0}.text();
}

/// Lists of plain values, and lists of those, read best on one line. (yaml-cpp reads no plain `???` within brackets.)
bool is_inline(const Node& node) {
  if (node.is_map()) return node.entries().empty();
  return std::none_of(node.items().begin(), node.items().end(),
                      [](const Node& item) { return item.is_map() || item.is_missing() || !is_inline(item); });
}

class Printer {
 public:
  void print(const Node& node, const std::string& indent) {
    if (node.is_map()) {
      for (const auto& [key, value] : node.entries())
        print_entry(indent + inline_text(key_node(key)) + ":", indent, value);
    } else {
      for (const Node& item : node.items()) print_entry(indent + "-", indent, item);
    }
  }

  void print_line(const std::string& text, const Node& node) { lines_.push_back({text, origin_text(node.origin())}); }

  std::string text(bool with_origins) const {
    size_t width = 0;
    for (const Line& line : lines_)
      if (!line.comment.empty() && line.text.size() <= widest_aligned) width = std::max(width, line.text.size());
    std::string result;
    for (const Line& line : lines_) {
      result += line.text;
      if (with_origins && !line.comment.empty())
        result += std::string(line.text.size() < width ? width - line.text.size() : 0, ' ') + "  # " + line.comment;
      result += "\n";
    }
    return result;
  }

 private:
  static Node key_node(const std::string& key) { return Node::scalar(key, {}, true); }

  void print_entry(const std::string& head, const std::string& indent, const Node& value) {
    if (is_inline(value)) return print_line(head + " " + inline_text(value), value);
    lines_.push_back({head, ""});
    print(value, indent + "  ");
  }

  std::vector<Line> lines_;
};

std::string printed(const Node& tree, bool with_origins) {
  Printer printer;
  if (is_inline(tree)) {
    printer.print_line(inline_text(tree), tree);
  } else {
    printer.print(tree, "");
  }
  return printer.text(with_origins);
}

}  // namespace

std::string to_yaml(const Node& tree) { return printed(tree, false); }

std::string to_yaml_with_origins(const Node& tree) { return printed(tree, true); }

void adopt_origins(Node& complete, const Node& written) {
  complete.set_origin(written.origin());
  complete.set_key_origin(written.key_origin());
  for (auto& [key, value] : complete.entries())
    if (const Node* source = written.find(key)) adopt_origins(value, *source);
  const size_t items = std::min(complete.items().size(), written.items().size());
  for (size_t i = 0; i < items; ++i) adopt_origins(complete.items()[i], written.items()[i]);
}

}  // namespace medvol::config
