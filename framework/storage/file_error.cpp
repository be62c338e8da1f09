#include "framework/storage/file_error.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "framework/core/error.h"

namespace medvol::storage {
namespace {

struct Explanation {
  std::string what, hint;
};

Explanation explain(int number) {
  switch (number) {
    case ENOSPC:
      return {"the disk is full", "free some space or choose another folder, then run again"};
    case EDQUOT:
      return {"the disk quota is used up", "free some space or choose another folder, then run again"};
    case EFBIG:
      return {"the file would grow past the allowed size", "raise `ulimit -f` or choose another disk, then run again"};
    case EACCES:
    case EPERM:
      return {"permission denied", "choose a folder you may use, or have its permissions changed"};
    case EROFS:
      return {"the disk is read-only", "choose a folder on a writable disk"};
    case ENOENT:
      return {"no such file or folder", "check the path"};
    case ENOTDIR:
      return {"a part of the path is a file, not a folder", "check the path"};
    case EISDIR:
      return {"it is a folder", "give the path of a file"};
    case ENAMETOOLONG:
      return {"the name is too long", "choose a shorter one"};
    case EMFILE:
    case ENFILE:
      return {"too many open files", "raise `ulimit -n`"};
    case EIO:
      return {"the disk reports an input/output error", "check the disk; the file may be lost"};
    default:
      return {std::strerror(number), ""};
  }
}

}  // namespace

void throw_file_error(const std::string& action, const std::filesystem::path& path, int number) {
  Explanation explanation = explain(number);
  throw core::UserError("cannot " + action + ": " + explanation.what, path.string(), explanation.hint);
}

void make_folder(const std::filesystem::path& folder) {
  if (folder.empty()) return;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!error && !std::filesystem::is_directory(folder)) error = std::make_error_code(std::errc::not_a_directory);
  if (error) throw_file_error("make the folder", folder, error.value());
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    close();
    number_ = other.release();
  }
  return *this;
}

Descriptor Descriptor::open(const std::filesystem::path& path, int flags, const std::string& action,
                            const std::filesystem::path& shown_as) {
  int number;
  do {
    number = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
  } while (number < 0 && errno == EINTR);
  if (number < 0) throw_file_error(action, shown_as.empty() ? path : shown_as, errno);
  return Descriptor(number);
}

int Descriptor::release() { return std::exchange(number_, -1); }

void Descriptor::close() {
  if (number_ >= 0) ::close(release());
}

void write_all(const Descriptor& file, const void* bytes, size_t size, const std::filesystem::path& path) {
  const char* next = static_cast<const char*>(bytes);
  while (size > 0) {
    ssize_t written = ::write(file.number(), next, size);
    if (written < 0) {
      if (errno == EINTR) continue;
      throw_file_error("write", path, errno);
    }
    next += written;
    size -= static_cast<size_t>(written);
  }
}

bool read_exactly(const Descriptor& file, void* bytes, size_t size, const std::filesystem::path& path) {
  char* next = static_cast<char*>(bytes);
  while (size > 0) {
    ssize_t count = ::read(file.number(), next, size);
    if (count < 0) {
      if (errno == EINTR) continue;
      throw_file_error("read", path, errno);
    }
    if (count == 0) return false;
    next += count;
    size -= static_cast<size_t>(count);
  }
  return true;
}

void sync_file(const Descriptor& file, const std::filesystem::path& path) {
  // EINVAL: a kind of file, or a mounted disk, that cannot be synchronised and needs no error.
  if (::fsync(file.number()) != 0 && errno != EINVAL) throw_file_error("write", path, errno);
}

void sync_folder(const std::filesystem::path& folder) {
  std::filesystem::path place = folder.empty() ? "." : folder;
  sync_file(Descriptor::open(place, O_RDONLY | O_DIRECTORY, "open the folder"), place);
}

std::string read_bytes(const std::filesystem::path& path) {
  Descriptor file = Descriptor::open(path, O_RDONLY, "read");
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) throw_file_error("read", path, errno);
  if (S_ISDIR(status.st_mode)) throw_file_error("read", path, EISDIR);
  // Read to the end, whatever the size said: the file may grow meanwhile, and pipes have no size.
  std::string content(static_cast<size_t>(std::max<off_t>(status.st_size, 0)) + 1, '\0');
  size_t filled = 0;
  while (true) {
    ssize_t count = ::read(file.number(), content.data() + filled, content.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_file_error("read", path, errno);
    if (count == 0) break;
    filled += static_cast<size_t>(count);
    if (filled == content.size()) content.resize(2 * content.size());
  }
  content.resize(filled);
  return content;
}

}  // namespace medvol::storage
