#include "framework/storage/json_lines.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "framework/core/error.h"
#include "framework/storage/atomic_file.h"

namespace medvol::storage {
namespace {

using nlohmann::json;

std::optional<json> parse_object(std::string_view text) {
  json value = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded() || !value.is_object()) return std::nullopt;
  return value;
}

struct Line {
  std::string_view text;  ///< without line feed
  json value;
};

/// The whole lines of `content`. Without its line feed a last line counts only if it parses: an object ends with its
/// brace, so a torn one never does.
std::vector<Line> whole_lines(std::string_view content, const std::filesystem::path& path) {
  std::vector<Line> lines;
  int number = 0;
  while (!content.empty()) {
    ++number;
    size_t end = content.find('\n');
    bool complete = end != std::string_view::npos;
    std::string_view text = content.substr(0, end);
    content.remove_prefix(complete ? end + 1 : content.size());
    if (text.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    std::optional<json> value = parse_object(text);
    if (value)
      lines.push_back({text, std::move(*value)});
    else if (complete)
      throw core::UserError("this line is no JSON object", core::Place{path.string(), number, 0}.text(),
                            "the file is damaged: remove the line to go on without it");
  }
  return lines;
}

}  // namespace

JsonLines::JsonLines(std::filesystem::path path) : path_(std::move(path)) {
  make_folder(path_.parent_path());
  file_ = Descriptor::open(path_, O_RDWR | O_CREAT | O_APPEND, "write");
  heal_torn_line();
}

void JsonLines::heal_torn_line() {
  struct stat status {};
  if (::fstat(file_.number(), &status) != 0) throw_file_error("read", path_, errno);
  size_ = status.st_size;
  char last = '\n';
  if (size_ == 0 || (::pread(file_.number(), &last, 1, size_ - 1) == 1 && last == '\n')) return;
  std::string content = read_bytes(path_);
  size_t begin = content.rfind('\n') + 1;  // npos + 1 is 0: the only line
  if (parse_object(std::string_view(content).substr(begin))) {
    write_all(file_, "\n", 1, path_);
    ++size_;
  } else {
    size_ = static_cast<int64_t>(begin);
    if (::ftruncate(file_.number(), size_) != 0) throw_file_error("write", path_, errno);
  }
}

void JsonLines::append(const json& object) {
  MEDVOL_CHECK(object.is_object(), "a line of {} must be an object", path_.string());
  std::string line = object.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  try {
    write_all(file_, line.data(), line.size(), path_);
  } catch (const core::UserError&) {
    // Part of the line may be there. If taking it away fails as well, the next opening heals it.
    [[maybe_unused]] int ignored = ::ftruncate(file_.number(), size_);
    throw;
  }
  size_ += static_cast<int64_t>(line.size());
}

void JsonLines::sync() { sync_file(file_, path_); }

std::vector<json> read_json_lines(const std::filesystem::path& path) {
  std::string content = read_bytes(path);
  std::vector<json> values;
  for (Line& line : whole_lines(content, path)) values.push_back(std::move(line.value));
  return values;
}

size_t truncate_json_lines(const std::filesystem::path& path, const std::function<bool(const json&)>& keep) {
  if (!std::filesystem::exists(path)) return 0;
  std::string content = read_bytes(path), kept;
  size_t removed = 0;
  for (const Line& line : whole_lines(content, path)) {
    if (keep(line.value))
      kept.append(line.text).append("\n");
    else
      ++removed;
  }
  if (kept != content) write_atomic(path, kept);
  return removed;
}

}  // namespace medvol::storage
