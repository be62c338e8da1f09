#pragma once
#include <optional>
#include <string>
#include <vector>

#include "framework/config/diagnostics.h"
#include "framework/config/override.h"
#include "framework/config/search_path.h"

namespace medvol::config {

/// One entry of a `defaults:` list.
struct DefaultsEntry {
  enum class Kind { self, config, group };
  Kind kind = Kind::self;
  std::string group;  ///< from the root: "network", "dataset/planning"; of a `config` entry the folder it lies in
  std::optional<std::string> package;  ///< given with '@'
  std::vector<std::string> options;    ///< the file names; empty for `null`
  bool override_choice = false;        ///< `override /group: option`
  bool optional = false;
  bool must_choose = false;  ///< `group: ???`
  core::Place place;
};

/// The `defaults:` of a file that lies in `group`, with `_self_` at the end when it is not named. Throws ConfigError.
std::vector<DefaultsEntry> parse_defaults(const Node& file, const std::string& group);

/// The options that the value of a group entry or of an override names: one, several of a list, none of null.
std::vector<std::string> option_names(const Node& value);

/// One file that takes part, and where its content goes.
struct DefaultsFile {
  std::string config;   ///< "network/unet"
  std::string group;    ///< of the choice it stands for; empty for the primary file and for plain entries
  std::string package;  ///< "" is the top of the tree
  std::string file;     ///< as messages name it
  Node content;         ///< without its `defaults`
};

/// Resolves the defaults lists of `primary` ("" for none) and of all they name, with the group choices of the command
/// line: the files in the order in which they are merged, later ones winning. As in Hydra, a choice of the command line
/// wins over `override /group:` in a file, an outer file's over an inner one's, a later entry's over an earlier one's.
/// What is wrong with groups and files is added to `found`, with the options there are.
std::vector<DefaultsFile> resolve_defaults(const SearchPath& search_path, const std::string& primary,
                                           const std::vector<Override>& group_overrides, Diagnostics& found);

}  // namespace medvol::config
