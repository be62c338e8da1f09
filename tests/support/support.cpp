#include "tests/support/support.h"

#include <unistd.h>

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace medvol::tests {

std::filesystem::path source_root() { return MEDVOL_SOURCE_DIR; }

std::filesystem::path test_data() {
  const char* set = std::getenv("MEDVOL_TEST_DATA");
  return set ? std::filesystem::path(set) : source_root().parent_path() / "shared" / "data";
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "medvol-test-XXXXXX").string();
  if (!mkdtemp(pattern.data())) throw std::runtime_error("cannot make a temporary folder like " + pattern);
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

void write_file(const std::filesystem::path& path, const std::string& content) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  file << content;
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

}  // namespace medvol::tests
