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
///
/// Reading a whole data set to see that nothing changed would cost a training its first minute. So checksums are kept
/// with what the file system says of each file: device, inode, size, and when content and inode last changed. The last
/// of these no program can set; only where all are the same is the file not read again.
class CaseSource {
 public:
  /// `kept`: the file of checksums, which need not be there; one that is damaged is passed over.
  explicit CaseSource(std::filesystem::path kept);
  /// Throws core::UserError naming a file that is missing.
  nlohmann::json of(const Case& one);
  /// Writes the checksums of all files that were asked for, if there are new ones among them. Not of a file that
  /// changed in the last seconds: it could change again without a later time.
  void keep() const;

 private:
  nlohmann::json of_file(const std::filesystem::path& file);

  std::filesystem::path kept_;
  nlohmann::json before_;  ///< device and inode → size, times, checksum
  std::mutex lock_;
  std::map<std::filesystem::path, nlohmann::json> known_;
  nlohmann::json now_ = nlohmann::json::object();  ///< as `before_`, of the files asked for
};

}  // namespace medvol::datasets
