// Headers that stand on their own. Compiling each one alone would cost minutes (1.4 s for ATen/core/Tensor.h, 10 s for
// torch/torch.h), so the work is shared out:
//   - a header with a source file beside it is compiled first in that file (checked here);
//   - a header without one is compiled alone, by the target architecture_headers (see CMakeLists.txt);
//   - what the precompiled header of TORCH rooms would hide, a missing LibTorch or standard include, is looked for
//   here.
#include <gtest/gtest.h>

#include <regex>

#include "tests/architecture/source_tree.h"

namespace medvol::architecture {
namespace {

/// The text without comments and string literals.
std::string code_of(const std::string& text) {
  std::string code;
  enum { kCode, kLine, kBlock, kString } state = kCode;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    switch (state) {
      case kCode:
        if (c == '/' && next == '/') {
          state = kLine;
        } else if (c == '/' && next == '*') {
          state = kBlock;
        } else if (c == '"') {
          state = kString;
        } else {
          code += c;
        }
        break;
      case kLine:
        if (c == '\n') {
          state = kCode;
          code += c;
        }
        break;
      case kBlock:
        if (c == '*' && next == '/') {
          state = kCode;
          ++i;
        }
        break;
      case kString:
        if (c == '\\') {
          ++i;
        } else if (c == '"') {
          state = kCode;
        }
        break;
    }
  }
  return code;
}

/// The <…> includes of a file and of all our headers that it includes, directly or not.
std::set<std::string> system_includes(const std::string& path) {
  std::map<std::string, std::set<std::string>> graph;
  for (const auto& [name, file] : source_tree().files)
    for (const Include& include : file.includes)
      if (include.quoted) graph[name].insert(include.path);
  std::set<std::string> reached = reachable(path, graph), result;
  reached.insert(path);
  for (const std::string& name : reached) {
    const auto file = source_tree().files.find(name);
    if (file == source_tree().files.end()) continue;
    for (const Include& include : file->second.includes)
      if (!include.quoted) result.insert(include.path);
  }
  return result;
}

bool any_starts_with(const std::set<std::string>& includes, const std::vector<std::string>& prefixes) {
  for (const std::string& include : includes)
    for (const std::string& prefix : prefixes)
      if (include.starts_with(prefix)) return true;
  return false;
}

struct Symbol {
  const char* pattern;
  std::vector<std::string> headers;  ///< any of these supplies it
};

/// Names that headers use, and what declares them.
const std::vector<Symbol> symbols = {
    {R"(\btorch::)", {"torch/", "ATen/", "c10/"}},
    {R"(\bat::)", {"torch/", "ATen/"}},
    {R"(\bstd::vector\b)", {"vector"}},
    {R"(\bstd::string\b)", {"string", "filesystem"}},
    {R"(\bstd::string_view\b)", {"string_view", "string"}},
    {R"(\bstd::optional\b)", {"optional"}},
    {R"(\bstd::map\b)", {"map"}},
    {R"(\bstd::set\b)", {"set"}},
    {R"(\bstd::array\b)", {"array"}},
    {R"(\bstd::function\b)", {"functional"}},
    {R"(\bstd::(unique|shared|weak)_ptr\b)", {"memory"}},
    {R"(\bstd::variant\b)", {"variant"}},
    {R"(\bstd::filesystem\b)", {"filesystem"}},
    {R"(\bstd::atomic\b)", {"atomic"}},
    {R"(\bstd::(mutex|unique_lock|lock_guard)\b)", {"mutex", "condition_variable"}},
    {R"(\bstd::thread\b)", {"thread"}},
    {R"(\bstd::chrono\b)", {"chrono"}},
    {R"(\bu?int(8|16|32|64)_t\b)", {"cstdint", "string", "vector", "array", "filesystem", "functional", "atomic"}},
};

TEST(Headers, TheReaderOfCodeSkipsCommentsAndText) {
  EXPECT_EQ(code_of("int a; // at::\nchar* b = \"std::\\\"map\"; /* x */int c;"), "int a; \nchar* b = ; int c;");
}

TEST(Headers, BeginWithPragmaOnce) {
  for (const auto& [path, file] : source_tree().files)
    if (file.is_header()) {
      EXPECT_TRUE(file.text.starts_with("#pragma once\n")) << path;
    }
}

TEST(Headers, ASourceFileIncludesItsOwnHeaderFirst) {
  std::vector<std::string> defects;
  for (const auto& [path, file] : source_tree().files) {
    if (file.is_header()) continue;
    const std::string own = path.substr(0, path.size() - 4) + ".h";
    if (!source_tree().files.contains(own)) continue;
    if (file.includes.empty() || file.includes.front().path != own) defects.push_back(path + " begins without " + own);
  }
  EXPECT_TRUE(defects.empty()) << lines(defects);
}

TEST(Headers, IncludeWhatThePrecompiledHeaderWouldHide) {
  std::vector<std::string> defects;
  for (const auto& [path, file] : source_tree().files) {
    if (!file.is_header()) continue;
    const std::set<std::string> includes = system_includes(path);
    const bool sees_torch = any_starts_with(includes, {"torch/", "ATen/", "c10/"});
    const std::string code = code_of(file.text);
    for (const Symbol& symbol : symbols) {
      const bool of_torch = symbol.headers.front() == "torch/";
      if (sees_torch && !of_torch) continue;  // LibTorch's headers bring the standard ones along
      if (!std::regex_search(code, std::regex(symbol.pattern))) continue;
      bool found = false;
      for (const std::string& header : symbol.headers)
        found = found || (of_torch ? any_starts_with(includes, {header}) : includes.contains(header));
      if (!found) defects.push_back(path + " uses " + symbol.pattern + " without <" + symbol.headers.front() + ">");
    }
  }
  EXPECT_TRUE(defects.empty()) << lines(defects);
}

/// Each source file that reads it compiles 2 to 15 seconds longer than with the part of it that it needs.
TEST(Headers, NobodyIncludesAllOfTorch) {
  std::vector<std::string> defects;
  for (const auto& [path, file] : source_tree().files)
    if (std::regex_search(file.text, std::regex(R"(#include <torch/torch\.h>)"))) defects.push_back(path);
  EXPECT_TRUE(defects.empty()) << lines(defects);
}

TEST(Headers, AreNotUmbrellas) {
  std::vector<std::string> defects;
  for (const auto& [path, file] : source_tree().files) {
    if (!file.is_header()) continue;
    const std::string code = code_of(std::regex_replace(file.text, std::regex("#[^\n]*"), ""));
    if (!std::regex_search(code, std::regex(R"([{};])"))) defects.push_back(path + " holds nothing but includes");
  }
  EXPECT_TRUE(defects.empty()) << lines(defects);
}

}  // namespace
}  // namespace medvol::architecture
