// What the repository as a whole promises: names, sizes, and documents that tell the truth about the tree.
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <sstream>

#include "tests/architecture/source_tree.h"
#include "tests/support/support.h"

namespace medvol::architecture {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> code_endings = {".h", ".cpp", ".cmake", ".txt", ".yaml", ".json", ".md", ".py", ".sh"};

bool is_text_of_ours(const std::string& path) {
  return path == "medvol" || path == ".ci/run" ||
         std::any_of(code_endings.begin(), code_endings.end(), [&](const auto& end) { return path.ends_with(end); });
}

/// Words in backticks that look like a path of this repository: they have a slash, or name a file at the root.
std::vector<std::string> paths_in(const std::string& markdown) {
  static const std::regex fence("```[^`]*```"), quoted("`([^`\n]+)`"),
      path(R"(\.?/?[A-Za-z0-9_.\-]+(/[A-Za-z0-9_.\-]+)*/?)");
  static const std::regex at_root(
      R"((README|CONTRIBUTING|LICENSE|CMakeLists|CMakePresets|medvol|\.clang-format|\.clang-tidy|\.ci).*)");
  const std::string prose = std::regex_replace(markdown, fence, "");
  std::vector<std::string> found;
  for (std::sregex_iterator match(prose.begin(), prose.end(), quoted), end; match != end; ++match) {
    std::string word = (*match)[1];
    if (!std::regex_match(word, path)) continue;
    if (word.starts_with("./")) word.erase(0, 2);
    const std::string first = word.substr(0, word.find('/'));
    const bool of_tree = word.find('/') != std::string::npos && fs::exists(tests::source_root() / first);
    if (of_tree || std::regex_match(word, at_root)) found.push_back(word);
  }
  return found;
}

/// Folders that exist only after a build or a run, and are therefore named but not tracked.
bool is_made_later(const std::string& path) {
  for (const char* folder : {"build", "outputs", "multirun", ".deps"})
    if (path == folder || path.starts_with(std::string(folder) + "/")) return true;
  return false;
}

class Documents : public testing::TestWithParam<const char*> {};

TEST_P(Documents, NamePathsThatExist) {
  const fs::path document = tests::source_root() / GetParam();
  ASSERT_TRUE(fs::exists(document)) << document;
  std::vector<std::string> defects;
  for (const std::string& path : paths_in(tests::read_file(document)))
    if (!is_made_later(path) && !fs::exists(tests::source_root() / path)) defects.push_back(path);
  EXPECT_TRUE(defects.empty()) << GetParam() << " names what does not exist:\n" << lines(defects);
}

TEST_P(Documents, LinkToFilesThatExist) {
  const fs::path document = tests::source_root() / GetParam();
  ASSERT_TRUE(fs::exists(document)) << document;
  const std::string text = tests::read_file(document);
  static const std::regex link(R"re((?:\]\(|src=")([^)#"\s]+))re");
  std::vector<std::string> defects;
  for (std::sregex_iterator match(text.begin(), text.end(), link), end; match != end; ++match) {
    const std::string target = (*match)[1];
    if (target.find("://") == std::string::npos && !fs::exists(tests::source_root() / target))
      defects.push_back(target);
  }
  EXPECT_TRUE(defects.empty()) << GetParam() << " links to what does not exist:\n" << lines(defects);
}

INSTANTIATE_TEST_SUITE_P(All, Documents, testing::Values("README.md", "CONTRIBUTING.md"),
                         [](const auto& entry) { return fs::path(entry.param).stem().string(); });

/// The folder guide is the README's list or table whose rows begin with a folder in backticks.
TEST(Readme, FolderGuideNamesEveryRoomAfterThoseItDependsOn) {
  std::istringstream readme(tests::read_file(tests::source_root() / "README.md"));
  std::map<std::string, int> row_of;
  std::string line;
  static const std::regex row(R"(^\s*[|*-]\s*`([a-z_0-9/]+?)/?`.*)");
  for (int number = 1; std::getline(readme, line); ++number) {
    std::smatch match;
    if (std::regex_match(line, match, row)) row_of.emplace(match[1], number);
  }
  for (const auto& [name, room] : source_tree().rooms) {
    ASSERT_TRUE(row_of.contains(room.folder)) << "the README's folder guide has no row for " << room.folder;
    for (const std::string& dependency : room.depends) {
      const std::string& below = source_tree().rooms.at(dependency).folder;
      ASSERT_TRUE(row_of.contains(below)) << "the README's folder guide has no row for " << below;
      EXPECT_LT(row_of[below], row_of[room.folder])
          << room.folder << " depends on " << below << " and stands before it";
    }
  }
}

TEST(Repository, FilesAreSmall) {
  for (const std::string& path : tracked_files())
    EXPECT_LE(fs::file_size(tests::source_root() / path), 300u * 1024u) << path;
}

TEST(Repository, NothingIsLeftForLater) {
  const std::regex later(std::string(R"(\b(TO)") + R"(DO|FIX)" + R"(ME|XX)" + R"(X)\b)");
  std::vector<std::string> defects;
  for (const std::string& path : tracked_files())
    if (is_text_of_ours(path) && std::regex_search(tests::read_file(tests::source_root() / path), later))
      defects.push_back(path);
  EXPECT_TRUE(defects.empty()) << lines(defects);
}

TEST(Repository, NamesAreSnakeCase) {
  const std::regex snake(R"([a-z0-9]+(_[a-z0-9]+)*\.(h|cpp))");
  for (const auto& [path, file] : source_tree().files)
    EXPECT_TRUE(std::regex_match(fs::path(path).filename().string(), snake)) << path;
}

TEST(Repository, LinesFitTheEditor) {
  std::vector<std::string> defects;
  for (const auto& [path, file] : source_tree().files) {
    std::istringstream stream(file.text);
    std::string line;
    for (int number = 1; std::getline(stream, line); ++number) {
      // Bytes 10xxxxxx continue a character of UTF-8.
      const auto width = std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; });
      if (width > 120)
        defects.push_back(path + ":" + std::to_string(number) + " has " + std::to_string(width) + " columns");
    }
  }
  EXPECT_TRUE(defects.empty()) << lines(defects);
}

TEST(Repository, FilesFitASitting) {
  for (const auto& [path, file] : source_tree().files)
    EXPECT_LE(std::count(file.text.begin(), file.text.end(), '\n'), 400) << path;
}

TEST(Repository, CodeStandsInItsNamespace) {
  for (const auto& [path, file] : source_tree().files)
    if (file.is_header()) {
      EXPECT_NE(file.text.find("namespace medvol"), std::string::npos) << path;
    }
}

TEST(Repository, EveryRoomHasTests) {
  std::vector<std::string> defects;
  for (const auto& [name, room] : source_tree().rooms) {
    const bool has_code = std::any_of(source_tree().files.begin(), source_tree().files.end(),
                                      [&](const auto& entry) { return entry.second.room == name; });
    const fs::path folder =
        tests::source_root() / "tests" / (room.folder == "experiments/apps" ? "journeys" : room.folder);
    if (!has_code || room.folder == room.top()) continue;  // a top folder holds an interface only
    bool tested = false;
    if (fs::exists(folder))
      for (const auto& entry : fs::directory_iterator(folder))
        tested = tested || entry.path().string().ends_with("_test.cpp");
    if (!tested) defects.push_back(folder.string() + " has no *_test.cpp");
  }
  EXPECT_TRUE(defects.empty()) << lines(defects);
}

}  // namespace
}  // namespace medvol::architecture
