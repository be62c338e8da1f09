#pragma once
#include <cstdint>
#include <filesystem>
#include <string_view>

#include "framework/storage/file_error.h"

namespace medvol::storage {

/// A file that appears whole or not at all. The bytes go to a temporary file beside `path`; commit() makes them durable
/// and renames it over `path`, so a reader, a kill or a power failure sees the old content or the new, never a part.
/// Without commit() (an exception, say) the temporary file is removed and `path` stays as it was.
/// A full disk, a missing permission or a read-only disk is one UserError with the path and what to do.
class AtomicFile {
 public:
  /// Makes missing parent folders. UserError when `path` is something other than a regular file (a folder, a device).
  explicit AtomicFile(std::filesystem::path path);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  void write(std::string_view bytes) { write(bytes.data(), bytes.size()); }
  void write(const void* bytes, size_t size);
  /// fsync, rename, fsync of the folder. Call once, last.
  void commit();
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_, temporary_;
  Descriptor file_;
};

/// The whole of `bytes` as the file `path`, atomically.
void write_atomic(const std::filesystem::path& path, std::string_view bytes);

/// Makes the finished, closed file `temporary` (on the same disk) durable and renames it over `path`.
void replace_file(const std::filesystem::path& temporary, const std::filesystem::path& path);

/// Removes temporary files that killed processes left in `folder` and below. Only for who holds the folder's lock.
void remove_abandoned_temporaries(const std::filesystem::path& folder);
/// Whether a file of this name is such a temporary file.
bool is_temporary_name(std::string_view name);

}  // namespace medvol::storage
