#pragma once
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

namespace medvol::tests {

/// Root of the source tree.
std::filesystem::path source_root();

/// Folder of the real test images: `MEDVOL_TEST_DATA`, else `../shared/data` beside the source tree. Empty when absent.
std::filesystem::path test_data();

/// A folder of its own for one test, removed when it goes out of scope.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, const std::string& content);

}  // namespace medvol::tests

/// First line of a test that reads real images. Absent data is a visible skip, and a failure where
/// MEDVOL_REQUIRE_DATA=1 (.ci/run).
#define MEDVOL_NEEDS_DATA(folder)                                                                            \
  if (!std::filesystem::exists(::medvol::tests::test_data() / (folder))) {                                   \
    if (const char* required = std::getenv("MEDVOL_REQUIRE_DATA"); required && std::string(required) == "1") \
      FAIL() << "test data '" << (folder) << "' is required here; set MEDVOL_TEST_DATA";                     \
    GTEST_SKIP() << "test data '" << (folder) << "' is absent; set MEDVOL_TEST_DATA to run this test";       \
  }                                                                                                          \
  static_assert(true)
