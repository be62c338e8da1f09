#pragma once
#include <filesystem>
#include <string>

#include "framework/storage/atomic_file.h"

namespace medvol::storage {

/// A name beside `path`, for a library that writes files by name: its own for every process and call, one that
/// is_temporary_name knows, and with `ending` at its end (writers choose the format by it). Give the closed file to
/// replace_file(); what is still there in the end is removed.
class TemporaryName {
 public:
  explicit TemporaryName(const std::filesystem::path& path, const std::string& ending = "");
  TemporaryName(const TemporaryName&) = delete;
  TemporaryName& operator=(const TemporaryName&) = delete;
  ~TemporaryName();
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace medvol::storage
