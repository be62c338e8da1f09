#pragma once
#include <filesystem>
#include <map>
#include <mutex>
#include <string>

#include <nlohmann/json.hpp>

#include "datasets/dataset.h"

namespace medvol::datasets {

/// What a case was made from: size and checksum of every file of it, and which part of a file its labels are. No names:
/// what the files are called is nobody's business here, and a moved folder is no change. Any number of threads may ask;
/// a file that many cases share is read once.
class CaseSource {
 public:
  /// Throws core::UserError naming a file that is missing.
  nlohmann::json of(const Case& one);

 private:
  nlohmann::json of_file(const std::filesystem::path& file);
  std::mutex lock_;
  std::map<std::filesystem::path, nlohmann::json> known_;
};

}  // namespace medvol::datasets
