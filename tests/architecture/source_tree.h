#pragma once
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace medvol::architecture {

/// One `#include` line.
struct Include {
  std::string path;     ///< as written: "framework/core/error.h", "vector"
  bool quoted = false;  ///< "…", which is ours, against <…>
  int line = 0;         ///< 1-based
};

/// One .h or .cpp file of a room.
struct SourceFile {
  std::string path;  ///< from the root of the repository
  std::string room;  ///< name of the room whose folder holds it
  std::vector<Include> includes;
  std::string text;
  bool is_header() const { return path.ends_with(".h"); }
};

/// A folder with a `medvol_room(...)` in its CMakeLists.txt: the declared licence to include.
struct Room {
  std::string name;    ///< framework_core
  std::string folder;  ///< framework/core
  bool torch = false;  ///< may see LibTorch
  std::set<std::string> depends;
  std::set<std::string> libraries;
  std::string top() const { return folder.substr(0, folder.find('/')); }
};

/// The source tree as its CMakeLists.txt files and `#include` lines tell it.
struct SourceTree {
  std::map<std::string, Room> rooms;        ///< by name
  std::map<std::string, SourceFile> files;  ///< by path
  /// Name of the room that holds `path`; empty when no room's folder is its parent.
  std::string room_of(const std::string& path) const;
};

/// Reads the tree once for all tests.
const SourceTree& source_tree();

/// Every file under version control, or about to be (new and not ignored), from the root. Throws where git is absent.
std::vector<std::string> tracked_files();

/// All nodes that `start` reaches along `edges`, without `start` itself unless it lies on a cycle.
std::set<std::string> reachable(const std::string& start, const std::map<std::string, std::set<std::string>>& edges);

/// One cycle of the graph as "a → b → a"; empty when there is none.
std::string find_cycle(const std::map<std::string, std::set<std::string>>& edges);

/// The lines joined, for a failure message that names every defect at once.
std::string lines(const std::vector<std::string>& defects);

/// Standard output of a shell command. Throws std::runtime_error with that output when it does not exit with 0.
std::string output_of(const std::string& command);

}  // namespace medvol::architecture
