#include "datasets/catalogue/case_source.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>

#include "datasets/catalogue/voxel_file.h"
#include "framework/core/error.h"
#include "framework/storage/atomic_file.h"
#include "framework/storage/checksum.h"
#include "framework/storage/file_error.h"

namespace medvol::datasets {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// A file system's clock may be coarse, or another machine's.
constexpr int64_t settled_seconds = 5;

/// The file; the files of a folder, sorted.
std::vector<fs::path> files_at(const fs::path& path) {
  if (!fs::is_directory(path)) return {path};
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(path))
    if (entry.is_regular_file()) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

struct Stamp {
  std::string file;  ///< device and inode
  json state;        ///< size, and when content and inode last changed: seconds, nanoseconds
  int64_t changed;   ///< the latter, seconds since 1970
};

Stamp stamp_of(const fs::path& file) {
  struct stat found {};
  if (::stat(file.c_str(), &found) != 0)
    throw core::UserError("the file is missing", file.string(), "complete the folder, or take the case out");
  return {std::to_string(found.st_dev) + ":" + std::to_string(found.st_ino),
          {found.st_size, found.st_mtim.tv_sec, found.st_mtim.tv_nsec, found.st_ctim.tv_sec, found.st_ctim.tv_nsec},
          found.st_ctim.tv_sec};
}

int64_t now() {
  using namespace std::chrono;
  return duration_cast<seconds>(system_clock::now().time_since_epoch()).count();
}

json read_kept(const fs::path& file) {
  if (!fs::exists(file)) return json::object();
  json found = json::parse(storage::read_bytes(file), nullptr, /*allow_exceptions=*/false);
  return found.is_object() ? found : json::object();
}

}  // namespace

CaseSource::CaseSource(fs::path kept) : kept_(std::move(kept)), before_(read_kept(kept_)) {}

json CaseSource::of_file(const fs::path& file) {
  {
    const std::scoped_lock guard(lock_);
    if (const auto found = known_.find(file); found != known_.end()) return found->second;
  }
  const int64_t asked = now();
  const Stamp stamp = stamp_of(file);
  json checksum;
  if (const auto found = before_.find(stamp.file);
      found != before_.end() && found->is_object() && found->value("state", json()) == stamp.state)
    checksum = found->value("checksum", json());
  if (!checksum.is_string()) checksum = storage::file_checksum(file);
  const std::scoped_lock guard(lock_);
  if (asked - stamp.changed > settled_seconds) now_[stamp.file] = {{"state", stamp.state}, {"checksum", checksum}};
  return known_.emplace(file, json{stamp.state.front(), std::move(checksum)}).first->second;
}

json CaseSource::of(const Case& one) {
  json source = json::array();
  const auto add = [&](const fs::path& path) {
    const fs::path there = file_on_disk(path);
    for (const fs::path& file : files_at(there)) source.push_back(of_file(file));
    if (there != path) source.push_back(path.lexically_relative(there).string());
  };
  for (const fs::path& image : one.images) add(image);
  for (const LabelFile& part : one.labels) {
    add(part.file);
    if (!part.structure.empty()) source.push_back(part.structure);
    if (part.label) source.push_back(*part.label);
  }
  return source;
}

void CaseSource::keep() const {
  if (now_ != before_) storage::write_atomic(kept_, now_.dump());
}

}  // namespace medvol::datasets
