#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "framework/storage/file_error.h"

namespace medvol::storage {

/// A file of one JSON object a line that only grows. One writer at a time. A line is one write(): a kill loses at most
/// the line being written. A torn last line left by a kill is taken away when the file is opened again.
class JsonLines {
 public:
  /// Opens or makes the file. UserError when that is impossible.
  explicit JsonLines(std::filesystem::path path);

  /// Adds one object. NaN and infinities become null, invalid UTF-8 the replacement character. When the disk is full
  /// the file keeps its whole lines and a UserError is thrown.
  void append(const nlohmann::json& object);
  /// Makes all lines so far survive a power failure (append alone survives the end of the process).
  void sync();

 private:
  void heal_torn_line();

  std::filesystem::path path_;
  Descriptor file_;
  int64_t size_ = 0;
};

/// All lines in order. A torn last line (no line feed, not a whole object) is passed over; any other line that is no
/// JSON is a UserError with file:line.
std::vector<nlohmann::json> read_json_lines(const std::filesystem::path& path);

/// Atomically rewrites the file with just the lines that `keep` accepts, byte for byte; a torn last line goes too.
/// Returns the number of whole lines removed. A file that is not there has none. Reopen any JsonLines on it afterwards.
size_t truncate_json_lines(const std::filesystem::path& path, const std::function<bool(const nlohmann::json&)>& keep);

}  // namespace medvol::storage
