#include "framework/storage/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "framework/core/error.h"

namespace medvol::storage {
namespace {

std::string owner_of(const Descriptor& file) {
  char text[32] = {};
  ssize_t count = ::pread(file.number(), text, sizeof(text) - 1, 0);
  std::string pid(text, count > 0 ? static_cast<size_t>(count) : 0);
  pid.erase(pid.find_last_not_of(" \n") + 1);
  return pid.empty() ? "unknown" : pid;
}

/// False when the file was removed or replaced between opening and locking it: then the lock guards nothing.
bool still_there(const Descriptor& file, const std::filesystem::path& path) {
  struct stat opened {
  }, named{};
  return ::fstat(file.number(), &opened) == 0 && ::stat(path.c_str(), &named) == 0 && opened.st_ino == named.st_ino &&
         opened.st_dev == named.st_dev;
}

void take_lock(const Descriptor& file, const std::filesystem::path& path, const std::string& place) {
  while (::flock(file.number(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) throw_file_error("lock", path, errno);
    throw core::UserError(fmt::format("another medvol process (pid {}) is writing here", owner_of(file)), place,
                          "wait until it has ended, or stop it");
  }
}

}  // namespace

FileLock::FileLock(const std::filesystem::path& file, const std::string& place) {
  do {
    make_folder(file.parent_path());
    file_ = Descriptor::open(file, O_RDWR | O_CREAT, "write");
    take_lock(file_, file, place);
  } while (!still_there(file_, file));
  std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(file_.number(), 0) != 0) throw_file_error("write", file, errno);
  write_all(file_, pid.data(), pid.size(), file);
}

}  // namespace medvol::storage
