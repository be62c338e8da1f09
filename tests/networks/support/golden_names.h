#pragma once
#include <filesystem>
#include <set>
#include <sstream>
#include <string>

#include <gtest/gtest.h>
#include <torch/nn/module.h>

#include "tests/support/support.h"

namespace medvol::tests {

/// The parameters and buffers have the names in a file of tests/networks/golden, one a line.
inline void expect_names_equal(const torch::nn::Module& module, const std::filesystem::path& path) {
  std::istringstream file(read_file(source_root() / "tests" / "networks" / "golden" / path));
  std::set<std::string> expected, mine;
  for (std::string line; std::getline(file, line);) expected.insert(line);
  for (const auto& item : module.named_parameters()) mine.insert(item.key());
  for (const auto& item : module.named_buffers()) mine.insert(item.key());
  EXPECT_EQ(mine, expected) << path;
}

}  // namespace medvol::tests
