#include "framework/storage/temporary_name.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>

namespace medvol::storage {

TemporaryName::TemporaryName(const std::filesystem::path& path, const std::string& ending) {
  static std::atomic<uint64_t> count{0};                                  // names only: no result depends on it
  const std::string shortened = path.filename().string().substr(0, 100);  // leaves room within NAME_MAX
  path_ = path.parent_path() / fmt::format(".{}.medvol-tmp-{}-{}{}", shortened, ::getpid(), count++, ending);
}

TemporaryName::~TemporaryName() {
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

}  // namespace medvol::storage
