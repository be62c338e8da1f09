#include "datasets/catalogue/case_source.h"

#include <algorithm>

#include "datasets/catalogue/voxel_file.h"
#include "framework/core/error.h"
#include "framework/storage/checksum.h"

namespace medvol::datasets {
namespace {

namespace fs = std::filesystem;

/// The file; the files of a folder, sorted.
std::vector<fs::path> files_at(const fs::path& path) {
  if (!fs::is_directory(path)) return {path};
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(path))
    if (entry.is_regular_file()) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

nlohmann::json CaseSource::of_file(const fs::path& file) {
  {
    const std::scoped_lock guard(lock_);
    if (const auto found = known_.find(file); found != known_.end()) return found->second;
  }
  if (!fs::exists(file))
    throw core::UserError("the file is missing", file.string(), "complete the folder, or take the case out");
  nlohmann::json made = {fs::file_size(file), storage::file_checksum(file)};
  const std::scoped_lock guard(lock_);
  return known_.emplace(file, std::move(made)).first->second;
}

nlohmann::json CaseSource::of(const Case& one) {
  nlohmann::json source = nlohmann::json::array();
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

}  // namespace medvol::datasets
