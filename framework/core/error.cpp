#include "framework/core/error.h"

namespace medvol::core {
namespace {

std::string one_line(const std::string& what, const std::string& where, const std::string& hint) {
  std::string text = where.empty() ? what : where + ": " + what;
  return hint.empty() ? text : text + " (" + hint + ")";
}

}  // namespace

std::string Place::text() const {
  if (file.empty()) return "";
  if (line <= 0) return file;
  return column > 0 ? fmt::format("{}:{}:{}", file, line, column) : fmt::format("{}:{}", file, line);
}

UserError::UserError(std::string what, std::string where, std::string hint)
    : std::runtime_error(one_line(what, where, hint)), where_(std::move(where)), hint_(std::move(hint)) {}

void fail_check(const char* file, int line, const char* condition, const std::string& message) {
  throw InternalError(
      fmt::format("{}:{}: internal check failed: {}{}{}", file, line, condition, message.empty() ? "" : ": ", message));
}

}  // namespace medvol::core
