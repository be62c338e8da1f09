#include "framework/config/search_path.h"

#include <set>

#include "framework/core/error.h"

namespace medvol::config {
namespace fs = std::filesystem;

SearchPath::SearchPath(std::vector<fs::path> folders) : folders_(std::move(folders)) {
  for (const fs::path& folder : folders_) {
    if (!fs::is_directory(folder))
      throw core::UserError("no such configuration folder", folder.string(), "expected a folder of YAML files");
  }
}

std::optional<fs::path> SearchPath::find(const std::string& config) const {
  for (const fs::path& folder : folders_) {
    const fs::path file = folder / (config + ".yaml");
    if (fs::is_regular_file(file)) return file;
  }
  return std::nullopt;
}

bool SearchPath::has_group(const std::string& group) const { return !group.empty() && !options(group).empty(); }

std::vector<std::string> SearchPath::groups() const {
  std::set<std::string> found;
  for (const fs::path& folder : folders_) {
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
      if (!entry.is_regular_file() || entry.path().extension() != ".yaml") continue;
      const fs::path group = entry.path().parent_path().lexically_relative(folder);
      if (group != ".") found.insert(group.generic_string());
    }
  }
  return {found.begin(), found.end()};
}

std::vector<std::string> SearchPath::options(const std::string& group) const {
  std::set<std::string> found;
  for (const fs::path& folder : folders_) {
    if (!fs::is_directory(folder / group)) continue;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder / group))
      if (entry.is_regular_file() && entry.path().extension() == ".yaml") found.insert(entry.path().stem().string());
  }
  return {found.begin(), found.end()};
}

std::string display_name(const fs::path& path) {
  std::error_code ignored;
  const fs::path relative = fs::proximate(path, ignored);
  const bool beneath = !ignored && !relative.empty() && *relative.begin() != "..";
  return (beneath ? relative : path).string();
}

}  // namespace medvol::config
