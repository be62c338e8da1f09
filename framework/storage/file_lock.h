#pragma once
#include <filesystem>
#include <string>

#include "framework/storage/file_error.h"

namespace medvol::storage {

/// Keeps a second process out, by flock: held until destroyed or until the process dies in whatever way, so a lock is
/// never left behind. The file holds the owner's pid for the message.
class FileLock {
 public:
  /// UserError "another medvol process (pid N) is writing here" with `place` when the lock is taken.
  FileLock(const std::filesystem::path& file, const std::string& place);

 private:
  Descriptor file_;
};

}  // namespace medvol::storage
