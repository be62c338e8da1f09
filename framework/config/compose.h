#pragma once
#include <string>
#include <vector>

#include "framework/config/defaults.h"
#include "framework/config/diagnostics.h"
#include "framework/config/node.h"
#include "framework/config/override.h"
#include "framework/config/search_path.h"

namespace medvol::config {

/// What is composed: files, overrides, and what keys there may be.
struct ComposeRequest {
  SearchPath search_path;
  std::string primary = "config";   ///< the file at the top, without .yaml; "" when a command has none
  std::vector<Override> overrides;  ///< none of them a sweep
  Node schema;                      ///< to_node() of the defaults: the keys that may be overridden
  std::vector<std::string>
      open_paths;  ///< beneath these any key may be set here; binding checks them (registry choices)
};

struct Composition {
  Node tree;                        ///< what files and overrides give; the defaults of the structs are not in it
  std::vector<DefaultsFile> files;  ///< in the order in which they were merged; contents included
};

/// Composes as Hydra does: the defaults list's files in order, then the overrides. An override whose key is a group of
/// the search path chooses its option: the chosen file takes the place of the other one, nothing of which remains.
/// Throws ConfigError when groups or files are at fault; adds to `found` what is wrong with overrides of values.
Composition compose(const ComposeRequest& request, Diagnostics& found);

/// Lays `from` over `into`: groups key by key, all else replaced.
void merge(Node& into, const Node& from);

}  // namespace medvol::config
