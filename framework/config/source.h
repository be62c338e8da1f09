#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "framework/config/node.h"

namespace medvol::config {

/// Reads YAML into a Node in which every value and key knows its place (1-based line and column) in `name`. Anchors,
/// aliases and merge keys (`<<`) are resolved. Throws ConfigError with the place on a syntax error, on a key that
/// stands twice in one map, on a key that is no scalar, on a second document and on an alias without an anchor.
Node parse_yaml(const std::string& text, const std::string& name);

/// The same of a file; places name it as given. Throws UserError when it cannot be read.
Node load_yaml(const std::filesystem::path& path);

/// A file of the configuration folder: its tree, and the package of a `# @package a.b` among its first comments.
struct ConfigFile {
  Node tree;
  std::optional<std::string> package;
};

/// `name` is how error messages and origins call the file.
ConfigFile load_config_file(const std::filesystem::path& path, const std::string& name);

}  // namespace medvol::config
