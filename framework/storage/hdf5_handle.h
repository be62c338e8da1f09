#pragma once
#include <hdf5.h>

#include <mutex>
#include <string>
#include <utility>
#include <vector>

/// Inside of this room's HDF5 files: what hdf5_layout and hdf5_array share.
namespace medvol::storage {

/// HDF5 as Debian builds it keeps unguarded global state: one thread at a time, in the whole process.
std::mutex& hdf5_lock();

/// A failed call; told apart from UserError because only the caller knows whether it was reading or writing.
struct Hdf5Failure {
  std::string text;
};

/// What HDF5 itself says went wrong, innermost first.
std::string innermost_hdf5_error();

template <class Result>
Result checked(Result result) {
  if (result < 0) throw Hdf5Failure{innermost_hdf5_error()};
  return result;
}

/// An HDF5 identifier that closes itself.
class Handle {
 public:
  Handle(hid_t id, herr_t (*closer)(hid_t)) : id_(checked(id)), close_(closer) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  /// Closes now, and reports a failure: for a file, whose last bytes are written by closing.
  void close() { checked(close_(std::exchange(id_, -1))); }
  operator hid_t() const { return id_; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

/// Names in a group, sorted.
std::vector<std::string> link_names(hid_t group);

}  // namespace medvol::storage
