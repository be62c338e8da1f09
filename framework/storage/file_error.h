#pragma once
#include <filesystem>
#include <string>

namespace medvol::storage {

/// Turns a failed system call into one clear UserError: "cannot <action>: the disk is full", the path, and what to do.
/// `number` is the call's errno.
[[noreturn]] void throw_file_error(const std::string& action, const std::filesystem::path& path, int number);

/// Makes the folder and its parents; one that is already there is fine. UserError when it cannot be made.
void make_folder(const std::filesystem::path& folder);

/// A file descriptor that closes itself. Opened with O_CLOEXEC: no child program inherits our locks and files.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor() { close(); }

  /// `flags` as open(2)'s; new files are 0666 less the umask. A failure is the UserError "cannot <action>" about the
  /// path, or about `shown_as` where the user knows the file by another name.
  static Descriptor open(const std::filesystem::path& path, int flags, const std::string& action,
                         const std::filesystem::path& shown_as = {});
  int number() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }
  int release();
  void close();

 private:
  int number_ = -1;
};

/// Writes all bytes or throws UserError about `path`: short writes and interrupted calls are continued.
void write_all(const Descriptor& file, const void* bytes, size_t size, const std::filesystem::path& path);
/// Reads exactly `size` bytes; false when the file ends before. UserError when reading fails.
bool read_exactly(const Descriptor& file, void* bytes, size_t size, const std::filesystem::path& path);
/// Makes what was written so far survive a power failure.
void sync_file(const Descriptor& file, const std::filesystem::path& path);
/// Makes a rename in `folder` survive a power failure.
void sync_folder(const std::filesystem::path& folder);
/// The whole file as bytes.
std::string read_bytes(const std::filesystem::path& path);

}  // namespace medvol::storage
