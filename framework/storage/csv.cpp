#include "framework/storage/csv.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "framework/core/error.h"
#include "framework/core/nearest.h"
#include "framework/storage/atomic_file.h"

namespace medvol::storage {
namespace {

using Record = std::vector<std::string>;

void append_field(std::string& text, std::string_view field, bool only_field) {
  // A lone empty field is quoted, for an empty line would be passed over.
  bool quote = field.find_first_of(",\"\r\n") != std::string_view::npos || (only_field && field.empty());
  if (!quote) {
    text += field;
    return;
  }
  text += '"';
  for (char c : field) text.append(c == '"' ? 2 : 1, c);
  text += '"';
}

void append_record(std::string& text, const Record& fields) {
  for (size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) text += ',';
    append_field(text, fields[i], fields.size() == 1);
  }
  text += '\n';
}

/// Walks over the text record by record and knows the line of each.
class CsvParser {
 public:
  CsvParser(std::string_view text, std::string file, char separator)
      : rest_(text), file_(std::move(file)), separator_(separator) {
    if (rest_.starts_with("\xEF\xBB\xBF")) rest_.remove_prefix(3);
  }

  /// False at the end of the text.
  bool next(Record& record) {
    while (!rest_.empty() && end_of_line()) {
    }
    if (rest_.empty()) return false;
    record.clear();
    record_line_ = line_;
    do {
      record.push_back(rest_.starts_with('"') ? quoted_field() : plain_field());
    } while (take(separator_));
    if (!rest_.empty() && !end_of_line()) fail("text stands behind a closing quote", "put the whole field in quotes");
    return true;
  }

  [[noreturn]] void fail(const std::string& what, const std::string& hint) const {
    throw core::UserError(what, core::Place{file_, record_line_, 0}.text(), hint);
  }

 private:
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool end_of_line() {
    if (rest_.starts_with("\r\n")) rest_.remove_prefix(1);
    if (!take('\n')) return false;
    ++line_;
    return true;
  }

  std::string plain_field() {
    const std::array<char, 2> ends{separator_, '\n'};
    size_t end = std::min(rest_.find_first_of(std::string_view(ends.data(), ends.size())), rest_.size());
    if (end > 0 && end < rest_.size() && rest_[end] == '\n' && rest_[end - 1] == '\r') --end;
    std::string field(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return field;
  }

  std::string quoted_field() {
    rest_.remove_prefix(1);
    std::string field;
    while (true) {
      size_t end = rest_.find('"');
      if (end == std::string_view::npos)
        fail("a quote is opened and never closed", "close it, or double a quote that is meant as text");
      line_ += static_cast<int>(std::count(rest_.begin(), rest_.begin() + static_cast<ptrdiff_t>(end), '\n'));
      field += rest_.substr(0, end);
      rest_.remove_prefix(end + 1);
      if (!take('"')) return field;
      field += '"';
    }
  }

  std::string_view rest_;
  std::string file_;
  char separator_;
  int line_ = 1, record_line_ = 1;
};

}  // namespace

size_t CsvTable::column(const std::string& name, const std::string& where) const {
  auto found = std::find(header.begin(), header.end(), name);
  if (found == header.end()) throw core::UserError("no column '" + name + "'", where, core::did_you_mean(name, header));
  return static_cast<size_t>(found - header.begin());
}

std::map<std::string, std::map<std::string, std::string>> CsvTable::by(size_t key) const {
  std::map<std::string, std::map<std::string, std::string>> found;
  for (const auto& row : rows)
    for (size_t i = 0; i < row.size(); ++i)
      if (i != key && !row[i].empty()) found[row[key]][header[i]] = row[i];
  return found;
}

void write_csv(const std::filesystem::path& path, const std::vector<std::string>& header,
               const std::vector<std::vector<std::string>>& rows) {
  MEDVOL_CHECK(!header.empty(), "{} without columns", path.string());
  std::string text;
  append_record(text, header);
  for (const Record& row : rows) {
    MEDVOL_CHECK(row.size() == header.size(), "{}: {} fields under {} columns", path.string(), row.size(),
                 header.size());
    append_record(text, row);
  }
  write_atomic(path, text);
}

CsvTable read_csv(const std::filesystem::path& path, char separator) {
  std::string text = read_bytes(path);
  CsvParser parser(text, path.string(), separator);
  CsvTable table;
  if (!parser.next(table.header))
    throw core::UserError("the file is empty", path.string(), "a header line is expected");
  for (Record row; parser.next(row);) {
    if (row.size() != table.header.size())
      parser.fail(fmt::format("{} fields, but the header has {}", row.size(), table.header.size()),
                  "put fields with commas in quotes");
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace medvol::storage
