#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "datasets/catalogue/folder_options.h"
#include "datasets/dataset.h"
#include "framework/core/error.h"
#include "tests/support/support.h"

namespace medvol::datasets {

/// Empty files: describing a layout opens no image.
inline void touch(const std::filesystem::path& folder, const std::vector<std::string>& names) {
  for (const std::string& name : names) tests::write_file(folder / name, "");
}

template <class Layout, class Options = FolderOptions>
DatasetDescription describe(const std::filesystem::path& root, Options options = {}) {
  options.root = root;
  return Layout(options).describe();
}

/// The line a user gets, and where it points; empty when nothing is refused.
template <class Work>
std::string error_of(const Work& work) {
  try {
    work();
  } catch (const core::UserError& error) {
    return error.what() + std::string(" | ") + error.where();
  }
  return "";
}

inline std::vector<std::string> ids(const std::vector<Case>& cases) {
  std::vector<std::string> result;
  for (const Case& one : cases) result.push_back(one.id);
  return result;
}

}  // namespace medvol::datasets
