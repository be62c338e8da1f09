#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace medvol::storage {

/// A table of text. Every row has as many fields as the header.
struct CsvTable {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;

  /// Index of a column; UserError with the nearest name when there is none. `where` is the file's name for the message.
  size_t column(const std::string& name, const std::string& where = "") const;
  /// Rows by what stands in the column `key`: of each the other columns that are not empty, by name. Of rows with one
  /// key the later one overwrites.
  std::map<std::string, std::map<std::string, std::string>> by(size_t key) const;
};

/// RFC 4180 quoting: a field with a comma, a quote or a line break stands in quotes, quotes are doubled. Lines end with
/// a line feed. Atomic.
void write_csv(const std::filesystem::path& path, const std::vector<std::string>& header,
               const std::vector<std::vector<std::string>>& rows);

/// Reads either line ending and a byte-order mark; blank lines are passed over. Fields are parted by `separator`.
/// UserError with file:line on a row of another length than the header, a quote that is never closed, or text behind a
/// closing quote.
CsvTable read_csv(const std::filesystem::path& path, char separator = ',');

}  // namespace medvol::storage
