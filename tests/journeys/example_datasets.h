#pragma once
#include <array>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace medvol::tests {

/// What is known of a case of an example.
struct KnownCase {
  std::array<double, 3> spacing{1, 1, 1};  ///< mm z, y, x
  std::map<int64_t, int64_t> voxels;       ///< of each label that occurs
};

/// A small data set in the true layout of a catalogue entry.
struct ExampleDataset {
  std::string layout;              ///< its name in the catalogue
  std::vector<std::string> words;  ///< what it is told beside dataset and dataset.root
  std::string root = {};           ///< dataset.root, below the folder that `make` is given
  bool flat = false;               ///< pictures: areas are told in place of volumes
  std::string needs = {};          ///< a folder of tests::test_data() that `make` takes files of
  std::function<std::map<std::string, KnownCase>(const std::filesystem::path& folder)> make = {};  ///< training cases
};

/// One for each name of the catalogue.
const std::vector<ExampleDataset>& example_datasets();

}  // namespace medvol::tests
