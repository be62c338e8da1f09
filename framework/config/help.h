#pragma once
#include <string>
#include <vector>

#include "framework/config/compose.h"
#include "framework/config/fields.h"
#include "framework/config/search_path.h"

namespace medvol::config {

/// What a command says of itself.
struct HelpPage {
  std::string command;                ///< "train"
  std::string summary;                ///< one or a few sentences
  std::vector<std::string> examples;  ///< whole command lines
};

/// A manual page of at most 100 columns: usage, examples, every option with its type, value, range or choices and its
/// doc, by section, the config groups with their options, and the flags.
std::string help_text(const HelpPage& page, const std::vector<FieldDoc>& fields, const SearchPath& search_path);

/// What --info prints: the search path, the groups with their options (the chosen ones marked), the files in the order
/// in which they were merged, and the overrides.
std::string info_text(const SearchPath& search_path, const Composition& composition,
                      const std::vector<Override>& overrides);

/// Breaks at blanks; every line begins with `indent` blanks. A word longer than the line stands alone.
std::string wrapped(const std::string& text, size_t indent, size_t columns = 100);

}  // namespace medvol::config
