#include "framework/config/source.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>
#include <vector>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "framework/config/diagnostics.h"

namespace medvol::config {
namespace {

/// Builds our tree from the parser's events: yaml-cpp's own nodes lose the places of keys and hide doubled keys.
class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(std::string name) : name_(std::move(name)) {}

  Node take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (expects_key()) fail(place(mark), "a key is empty", "a key is plain text: 'name: value'");
    Node node;
    // `key:` with nothing behind it is marked where the next thing stands.
    const bool has_key = !frames_.empty() && frames_.back().node.is_map();
    const bool elsewhere = has_key && frames_.back().key_place.line != mark.line + 1;
    node.set_origin(elsewhere ? frames_.back().key_place : place(mark));
    finish(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto anchored = anchored_.find(anchor);
    if (anchored == anchored_.end()) fail(place(mark), "an alias stands inside what it names", "");
    if (expects_key()) fail(place(mark), "an alias cannot be a key", "");
    Node copy = anchored->second;
    copy.set_key_origin({});
    finish(std::move(copy), 0);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    if (expects_key()) return start_entry(mark, text);
    check_tag(mark, tag);
    finish(Node::scalar(text, place(mark), tag == "!" || tag == "tag:yaml.org,2002:str"), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Node::list(place(mark)));
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Node::map(place(mark)));
  }
  void OnMapEnd() override {
    resolve_merge_key(frames_.back().node);
    close();
  }

 private:
  struct Frame {
    Node node;
    YAML::anchor_t anchor = 0;
    std::string key = {};
    core::Place key_place = {};
    bool has_key = false;
  };

  core::Place place(const YAML::Mark& mark) const { return {name_, mark.line + 1, mark.column + 1}; }

  [[noreturn]] static void fail(const core::Place& where, const std::string& what, const std::string& hint) {
    throw ConfigError({{where, "", what, hint}});
  }

  void check_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (tag.empty() || tag == "?" || tag == "!" || tag.starts_with("tag:yaml.org,2002:")) return;
    fail(place(mark), fmt::format("the tag '{}' is not supported", tag), "write the value without a tag");
  }

  bool expects_key() const { return !frames_.empty() && frames_.back().node.is_map() && !frames_.back().has_key; }

  void start_entry(const YAML::Mark& mark, const std::string& key) {
    Frame& frame = frames_.back();
    if (const Node* first = frame.node.find(key)) {
      fail(place(mark), fmt::format("the key '{}' stands twice in one group", key),
           fmt::format("first in line {}", first->key_origin().line));
    }
    frame.key = key;
    frame.key_place = place(mark);
    frame.has_key = true;
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Node node) {
    check_tag(mark, tag);
    if (expects_key()) fail(place(mark), "a key is a list or a group", "a key is plain text: 'name: value'");
    frames_.push_back({std::move(node), anchor});
  }

  void close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    finish(std::move(frame.node), frame.anchor);
  }

  void finish(Node node, YAML::anchor_t anchor) {
    if (anchor) anchored_[anchor] = node;
    if (frames_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = frames_.back();
    if (frame.node.is_list()) return frame.node.append(std::move(node));
    node.set_key_origin(frame.key_place);
    frame.node.set(frame.key, std::move(node));
    frame.has_key = false;
  }

  /// `<<: *a` or `<<: [*a, *b]`: keys written out win, then the earlier map.
  static void resolve_merge_key(Node& map) {
    const Node* merge = map.find("<<");
    if (!merge) return;
    const std::vector<Node> sources = merge->is_list() ? merge->items() : std::vector<Node>{*merge};
    const core::Place where = merge->origin();
    map.erase("<<");
    for (const Node& source : sources) {
      if (!source.is_map()) fail(where, "'<<' takes a group or a list of groups", "write '<<: *anchor'");
      for (const auto& [key, value] : source.entries())
        if (!map.find(key)) map.set(key, value);
    }
  }

  std::string name_;
  Node root_;
  std::vector<Frame> frames_;
  std::map<YAML::anchor_t, Node> anchored_;
};

std::string read_text(const std::filesystem::path& path, const std::string& name) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (std::filesystem::is_directory(path)) throw core::UserError("is a folder", name, "expected a YAML file");
  if (!file || !(text << file.rdbuf() || file.peek() == std::ifstream::traits_type::eof()))
    throw core::UserError(fmt::format("cannot be read: {}", std::strerror(errno)), name,
                          "check the path and its permissions");
  return text.str();
}

/// The package named among the comments before the first line that is none, as Hydra reads it.
std::optional<std::string> package_header(const std::string& text) {
  static const std::regex header(R"(^\s*#\s*@package\s+(\S+)\s*$)");
  std::istringstream lines(text);
  std::smatch match;
  for (std::string line; std::getline(lines, line);) {
    const size_t first = line.find_first_not_of(" \t\r");
    if (first == std::string::npos) continue;
    if (line[first] != '#') break;
    if (std::regex_match(line, match, header)) return match[1].str();
  }
  return std::nullopt;
}

}  // namespace

Node parse_yaml(const std::string& text, const std::string& name) {
  std::istringstream stream(text);
  TreeBuilder builder(name);
  TreeBuilder surplus(name);
  try {
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    if (parser && parser.HandleNextDocument(surplus))
      throw ConfigError(
          {{surplus.take_root().origin(), "", "a second document begins", "keep one document in a file"}});
  } catch (const YAML::Exception& error) {
    const core::Place place{name, error.mark.line + 1, error.mark.column + 1};
    throw ConfigError({{place, "", "YAML cannot be read: " + error.msg, ""}});
  }
  return builder.take_root();
}

Node load_yaml(const std::filesystem::path& path) { return parse_yaml(read_text(path, path.string()), path.string()); }

ConfigFile load_config_file(const std::filesystem::path& path, const std::string& name) {
  const std::string text = read_text(path, name);
  return {parse_yaml(text, name), package_header(text)};
}

}  // namespace medvol::config
