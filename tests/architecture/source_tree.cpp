#include "tests/architecture/source_tree.h"

#include <array>
#include <cstdio>
#include <functional>
#include <memory>
#include <regex>
#include <sstream>
#include <stdexcept>

#include "tests/support/support.h"

namespace medvol::architecture {
namespace {

namespace fs = std::filesystem;

constexpr std::array top_folders = {"framework", "networks", "losses",     "datasets",
                                    "trainers",  "reports",  "experiments"};

std::vector<Include> read_includes(const std::string& text) {
  static const std::regex include(R"re(^\s*#\s*include\s*(["<])([^">]+)[">])re");
  std::vector<Include> found;
  std::istringstream stream(text);
  std::string line;
  for (int number = 1; std::getline(stream, line); ++number) {
    std::smatch match;
    if (std::regex_search(line, match, include)) found.push_back({match[2], match[1] == "\"", number});
  }
  return found;
}

/// Parses `medvol_room(name [TORCH] [DEPENDS …] [LIBRARIES …])`; false when the file declares no room.
bool read_room(const std::string& cmake, Room& room) {
  static const std::regex comment("#[^\n]*"), call(R"re(medvol_room\(([^)]*)\))re");
  const std::string code = std::regex_replace(cmake, comment, "");
  std::smatch match;
  if (!std::regex_search(code, match, call)) return false;
  std::istringstream words(match[1].str());
  words >> room.name;
  std::string word, section;
  while (words >> word) {
    if (word == "TORCH") {
      room.torch = true;
    } else if (word == "DEPENDS" || word == "LIBRARIES") {
      section = word;
    } else {
      (section == "DEPENDS" ? room.depends : room.libraries).insert(word);
    }
  }
  return true;
}

SourceTree read_tree() {
  SourceTree tree;
  const fs::path root = tests::source_root();
  std::vector<std::string> paths;
  for (const char* top : top_folders)
    for (const auto& entry : fs::recursive_directory_iterator(root / top))
      if (entry.is_regular_file()) paths.push_back(fs::relative(entry.path(), root).string());
  for (const std::string& path : paths) {
    if (fs::path(path).filename() != "CMakeLists.txt") continue;
    Room room;
    if (!read_room(tests::read_file(root / path), room)) continue;
    room.folder = fs::path(path).parent_path().string();
    tree.rooms[room.name] = room;
  }
  for (const std::string& path : paths) {
    if (!path.ends_with(".h") && !path.ends_with(".cpp")) continue;
    SourceFile file;
    file.path = path;
    file.room = tree.room_of(path);
    file.text = tests::read_file(root / path);
    file.includes = read_includes(file.text);
    tree.files[path] = std::move(file);
  }
  return tree;
}

}  // namespace

std::string SourceTree::room_of(const std::string& path) const {
  const std::string folder = fs::path(path).parent_path().string();
  for (const auto& [name, room] : rooms)
    if (room.folder == folder) return name;
  return "";
}

const SourceTree& source_tree() {
  static const SourceTree tree = read_tree();
  return tree;
}

std::vector<std::string> tracked_files() {
  std::istringstream listing(
      output_of("git -C '" + tests::source_root().string() + "' ls-files --cached --others --exclude-standard"));
  std::vector<std::string> files;
  std::string line;
  while (std::getline(listing, line))
    if (fs::is_regular_file(tests::source_root() / line)) files.push_back(line);
  return files;
}

std::set<std::string> reachable(const std::string& start, const std::map<std::string, std::set<std::string>>& edges) {
  std::set<std::string> seen;
  std::vector<std::string> open = {start};
  while (!open.empty()) {
    const std::string node = open.back();
    open.pop_back();
    const auto next = edges.find(node);
    if (next == edges.end()) continue;
    for (const std::string& target : next->second)
      if (seen.insert(target).second) open.push_back(target);
  }
  return seen;
}

std::string find_cycle(const std::map<std::string, std::set<std::string>>& edges) {
  std::set<std::string> finished;
  std::vector<std::string> way;
  std::string cycle;
  const std::function<bool(const std::string&)> visit = [&](const std::string& node) {
    for (size_t i = 0; i < way.size(); ++i) {
      if (way[i] != node) continue;
      for (size_t j = i; j < way.size(); ++j) cycle += way[j] + " → ";
      cycle += node;
      return true;
    }
    if (finished.contains(node)) return false;
    way.push_back(node);
    const auto next = edges.find(node);
    if (next != edges.end())
      for (const std::string& target : next->second)
        if (visit(target)) return true;
    way.pop_back();
    finished.insert(node);
    return false;
  };
  for (const auto& [node, targets] : edges)
    if (visit(node)) return cycle;
  return "";
}

std::string lines(const std::vector<std::string>& defects) {
  std::string text;
  for (const std::string& defect : defects) text += "  " + defect + "\n";
  return text;
}

std::string output_of(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  if (!pipe) throw std::runtime_error("cannot run " + command);
  std::string output;
  std::array<char, 4096> buffer;
  while (const size_t count = fread(buffer.data(), 1, buffer.size(), pipe)) output.append(buffer.data(), count);
  const int status = pclose(pipe);
  if (status != 0) throw std::runtime_error(command + "\nended with status " + std::to_string(status) + ":\n" + output);
  return output;
}

}  // namespace medvol::architecture
