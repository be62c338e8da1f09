// The include graph, held against the DEPENDS of each room's CMakeLists.txt and against the order of the folders.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/architecture/source_tree.h"

namespace medvol::architecture {
namespace {

using Graph = std::map<std::string, std::set<std::string>>;

/// Which top-level folders a top-level folder may include. A name with a slash is one room and not its whole folder.
const std::map<std::string, std::set<std::string>> may_include = {
    {"framework", {"framework"}},
    {"networks", {"framework", "networks"}},
    {"losses", {"framework", "losses"}},
    {"datasets", {"framework", "datasets"}},
    {"trainers", {"framework", "networks", "losses", "datasets", "trainers"}},
    {"reports", {"framework", "losses/metrics", "reports"}},
    {"experiments", {"framework", "networks", "losses", "datasets", "trainers", "reports", "experiments"}},
};

/// A third party's headers, by how their path begins, and the LIBRARIES entry that licenses a room to include them.
struct ThirdParty {
  const char* prefix;
  const char* library;
  bool inherited;  ///< a vocabulary that the rooms above may use as well: the licence comes with DEPENDS
};
constexpr ThirdParty third_parties[] = {
    {"yaml-cpp/", "yaml-cpp", false},
    {"hdf5", "medvol::hdf5", false},
    {"sodium", "medvol::sodium", false},
    {"itk", "medvol::itk", false},
    {"gdcm", "medvol::itk", false},
    {"dcmtk/", "medvol::dcmtk", false},
    {"opencv2/", "medvol::opencv", false},
    {"png.h", "PNG::PNG", false},
    {"zlib.h", "ZLIB::ZLIB", false},
    {"onnx/", "medvol::onnx", false},
    {"fmt/", "fmt::fmt", true},
    {"spdlog/", "spdlog::spdlog", true},
    {"nlohmann/", "nlohmann_json::nlohmann_json", true},
};

bool is_torch(const std::string& include) {
  return include.starts_with("torch/") || include.starts_with("ATen/") || include.starts_with("c10/");
}

std::string place(const SourceFile& file, const Include& include) {
  return file.path + ":" + std::to_string(include.line) + " includes " + include.path;
}

/// Room → rooms that its files include, itself left out.
Graph included_rooms() {
  const SourceTree& tree = source_tree();
  Graph graph;
  for (const auto& [path, file] : tree.files)
    for (const Include& include : file.includes)
      if (include.quoted && tree.room_of(include.path) != file.room && !tree.room_of(include.path).empty())
        graph[file.room].insert(tree.room_of(include.path));
  return graph;
}

Graph declared_rooms() {
  Graph graph;
  for (const auto& [name, room] : source_tree().rooms) graph[name] = room.depends;
  return graph;
}

Graph included_files() {
  Graph graph;
  for (const auto& [path, file] : source_tree().files)
    for (const Include& include : file.includes)
      if (include.quoted) graph[path].insert(include.path);
  return graph;
}

bool allowed(const Room& from, const Room& to) {
  const auto& targets = may_include.at(from.top());
  return targets.contains(to.top()) || targets.contains(to.folder);
}

/// Rooms whose libraries a room may use as well as its own: those that it depends on, directly or not.
bool has_library(const Room& room, const ThirdParty& party) {
  if (room.libraries.contains(party.library)) return true;
  if (!party.inherited) return false;
  const std::set<std::string> below = reachable(room.name, declared_rooms());
  return std::any_of(below.begin(), below.end(), [&](const std::string& name) {
    return source_tree().rooms.at(name).libraries.contains(party.library);
  });
}

TEST(IncludeGraph, TheTreeWasRead) {
  EXPECT_GE(source_tree().rooms.size(), 25u);
  EXPECT_GE(source_tree().files.size(), 50u);
  ASSERT_TRUE(source_tree().rooms.contains("framework_storage"));
  const Room& storage = source_tree().rooms.at("framework_storage");
  EXPECT_TRUE(storage.torch);
  EXPECT_TRUE(storage.depends.contains("framework_core"));
  EXPECT_TRUE(storage.libraries.contains("medvol::hdf5"));
  EXPECT_FALSE(source_tree().rooms.at("framework_core").torch);
}

TEST(IncludeGraph, EveryRoomIsNamedAfterItsFolder) {
  for (const auto& [name, room] : source_tree().rooms) {
    std::string expected = room.folder;
    std::replace(expected.begin(), expected.end(), '/', '_');
    EXPECT_EQ(name, expected);
    for (const std::string& dependency : room.depends)
      EXPECT_TRUE(source_tree().rooms.contains(dependency)) << name << " depends on the unknown room " << dependency;
  }
}

TEST(IncludeGraph, EveryFileStandsInARoomAndIncludesFilesOfRooms) {
  std::vector<std::string> defects;
  for (const auto& [path, file] : source_tree().files) {
    if (file.room.empty()) defects.push_back(path + " stands in a folder without medvol_room()");
    for (const Include& include : file.includes)
      if (include.quoted && !source_tree().files.contains(include.path))
        defects.push_back(place(file, include) + ", which is no file of a room (includes start at the root)");
  }
  EXPECT_TRUE(defects.empty()) << lines(defects);
}

TEST(IncludeGraph, ARoomIncludesOnlyWhatItDeclares) {
  std::vector<std::string> defects;
  for (const auto& [path, file] : source_tree().files) {
    if (file.room.empty()) continue;
    const Room& room = source_tree().rooms.at(file.room);
    for (const Include& include : file.includes) {
      if (!include.quoted) continue;
      const std::string target = source_tree().room_of(include.path);
      if (!target.empty() && target != room.name && !room.depends.contains(target))
        defects.push_back(place(file, include) + ", but " + room.folder + "/CMakeLists.txt does not name " + target);
    }
  }
  EXPECT_TRUE(defects.empty()) << lines(defects);
}

TEST(IncludeGraph, ARoomDeclaresOnlyWhatItIncludes) {
  Graph used = included_rooms();
  std::vector<std::string> defects;
  for (const auto& [name, room] : source_tree().rooms) {
    if (room.folder == "experiments/apps") continue;
    for (const std::string& dependency : room.depends)
      if (!used[name].contains(dependency))
        defects.push_back(room.folder + "/CMakeLists.txt names " + dependency + ", which nothing there includes");
  }
  EXPECT_TRUE(defects.empty()) << lines(defects);
}

TEST(IncludeGraph, RoomsHaveNoCycle) {
  EXPECT_EQ(find_cycle(declared_rooms()), "");
  EXPECT_EQ(find_cycle(included_rooms()), "");
}

TEST(IncludeGraph, FilesHaveNoCycle) { EXPECT_EQ(find_cycle(included_files()), ""); }

TEST(IncludeGraph, AFindableCycleIsFound) {
  EXPECT_EQ(find_cycle({{"a", {"b"}}, {"b", {"c"}}, {"c", {"b"}}}), "b → c → b");
  EXPECT_EQ(find_cycle({{"a", {"b", "c"}}, {"b", {"c"}}}), "");
}

TEST(IncludeGraph, LowerFoldersDoNotKnowHigherOnes) {
  std::vector<std::string> defects;
  for (const auto& [name, room] : source_tree().rooms)
    for (const std::string& dependency : room.depends)
      if (source_tree().rooms.contains(dependency) && !allowed(room, source_tree().rooms.at(dependency)))
        defects.push_back(room.folder + " depends on " + source_tree().rooms.at(dependency).folder);
  EXPECT_TRUE(defects.empty()) << lines(defects);
}

TEST(IncludeGraph, ThirdPartiesStayWhereTheyAreDeclared) {
  std::vector<std::string> defects;
  for (const auto& [path, file] : source_tree().files) {
    if (file.room.empty()) continue;
    for (const Include& include : file.includes)
      for (const ThirdParty& party : third_parties)
        if (!include.quoted && include.path.starts_with(party.prefix) &&
            !has_library(source_tree().rooms.at(file.room), party))
          defects.push_back(place(file, include) + ", but its room does not declare LIBRARIES " + party.library);
  }
  EXPECT_TRUE(defects.empty()) << lines(defects);
}

TEST(IncludeGraph, YamlAndHdf5AreEachBehindOneRoom) {
  for (const auto& [name, room] : source_tree().rooms) {
    if (room.folder == "experiments/apps") continue;
    EXPECT_EQ(room.libraries.contains("yaml-cpp"), name == "framework_config") << name;
    EXPECT_EQ(room.libraries.contains("medvol::hdf5"), name == "framework_storage") << name;
  }
}

TEST(IncludeGraph, RoomsWithoutTorchReachNoTorchHeader) {
  const Graph graph = included_files();
  std::vector<std::string> defects;
  for (const auto& [path, file] : source_tree().files) {
    if (file.room.empty() || source_tree().rooms.at(file.room).torch) continue;
    std::set<std::string> reached = reachable(path, graph);
    reached.insert(path);
    for (const std::string& header : reached) {
      if (!source_tree().files.contains(header)) continue;
      const auto& includes = source_tree().files.at(header).includes;
      const auto torch =
          std::find_if(includes.begin(), includes.end(), [](const Include& i) { return is_torch(i.path); });
      if (torch == includes.end()) continue;
      defects.push_back(path + " sees LibTorch (" + header + " includes " + torch->path +
                        "), but its room is not TORCH");
      break;
    }
  }
  EXPECT_TRUE(defects.empty()) << lines(defects);
}

}  // namespace
}  // namespace medvol::architecture
