#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace medvol::config {

/// The folders in which configuration files are looked for: the program's own first, then the user's (`--config-dir`).
/// A folder inside them is a group, a file NAME.yaml in a group is an option of it.
class SearchPath {
 public:
  SearchPath() = default;
  /// Throws UserError when a folder does not exist.
  explicit SearchPath(std::vector<std::filesystem::path> folders);

  const std::vector<std::filesystem::path>& folders() const { return folders_; }
  /// The first file of this name: "network/unet" → conf/network/unet.yaml.
  std::optional<std::filesystem::path> find(const std::string& config) const;
  /// A folder without an option is no group: a run directory, whose config.yaml may be composed again, has many.
  bool has_group(const std::string& group) const;
  /// All groups with an option, sorted; nested ones as "dataset/planning".
  std::vector<std::string> groups() const;
  /// Names of the options of a group, sorted; "" asks for the files at the top.
  std::vector<std::string> options(const std::string& group) const;

 private:
  std::vector<std::filesystem::path> folders_;
};

/// How messages and origins call a file: relative to the working folder when it lies beneath it.
std::string display_name(const std::filesystem::path& path);

}  // namespace medvol::config
