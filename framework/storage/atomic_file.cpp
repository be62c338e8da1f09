#include "framework/storage/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <string>
#include <vector>

#include "framework/core/error.h"

namespace medvol::storage {
namespace {

constexpr std::string_view kTemporaryMark = ".medvol-tmp-";

/// Unique among the processes of a machine and the files of this process, whatever the target's name.
std::filesystem::path temporary_beside(const std::filesystem::path& path) {
  static std::atomic<uint64_t> count{0};                            // names only: no result depends on it
  std::string shortened = path.filename().string().substr(0, 100);  // leaves room within NAME_MAX
  return path.parent_path() / fmt::format(".{}{}{}-{}", shortened, kTemporaryMark, ::getpid(), count++);
}

void refuse_special_target(const std::filesystem::path& path) {
  if (!path.has_filename()) throw_file_error("write", path, EISDIR);
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return;
  if (S_ISDIR(status.st_mode)) throw_file_error("write", path, EISDIR);
  if (!S_ISREG(status.st_mode) && !S_ISLNK(status.st_mode))
    throw core::UserError("cannot write: it is a device or a pipe, which this file would replace", path.string(),
                          "give the path of a plain file");
}

/// A link is written through, as every other program does: the file it points to is what gets replaced.
std::filesystem::path follow_links(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_symlink(path, error)) return path;
  std::filesystem::path target = std::filesystem::weakly_canonical(path, error);
  return error ? path : target;
}

void keep_mode(const Descriptor& file, const std::filesystem::path& path) {
  struct stat status {};
  // Best effort: on a disk without permissions there are none to keep.
  if (::stat(path.c_str(), &status) == 0 && ::fchmod(file.number(), status.st_mode & 07777) != 0) return;
}

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path path) : path_(follow_links(path)) {
  refuse_special_target(path_);
  make_folder(path_.parent_path());
  std::filesystem::path temporary = temporary_beside(path_);
  file_ = Descriptor::open(temporary, O_WRONLY | O_CREAT | O_EXCL, "write", path_);
  temporary_ = std::move(temporary);
  keep_mode(file_, path_);
}

AtomicFile::~AtomicFile() {
  file_.close();
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(const void* bytes, size_t size) { write_all(file_, bytes, size, path_); }

void AtomicFile::commit() {
  MEDVOL_CHECK(file_ && !temporary_.empty(), "{} is committed already", path_.string());
  sync_file(file_, path_);
  // Network disks may report a failed write only here.
  if (::close(file_.release()) != 0) throw_file_error("write", path_, errno);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) throw_file_error("write", path_, errno);
  temporary_.clear();
  sync_folder(path_.parent_path());
}

void write_atomic(const std::filesystem::path& path, std::string_view bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

void replace_file(const std::filesystem::path& temporary, const std::filesystem::path& path) {
  refuse_special_target(path);
  sync_file(Descriptor::open(temporary, O_RDONLY, "read"), temporary);
  if (::rename(temporary.c_str(), path.c_str()) != 0) throw_file_error("write", path, errno);
  sync_folder(path.parent_path());
}

bool is_temporary_name(std::string_view name) {
  return name.starts_with('.') && name.find(kTemporaryMark) != std::string_view::npos;
}

void remove_abandoned_temporaries(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::recursive_directory_iterator entries(
      folder, std::filesystem::directory_options::skip_permission_denied, error);
  if (error) return;
  std::vector<std::filesystem::path> abandoned;
  for (const auto& entry : entries)
    if (is_temporary_name(entry.path().filename().string()) && entry.is_regular_file(error))
      abandoned.push_back(entry.path());
  for (const auto& path : abandoned) std::filesystem::remove(path, error);
}

}  // namespace medvol::storage
