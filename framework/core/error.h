#pragma once
#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace medvol::core {

/// A place in a text that a person wrote: a line of a file, or an override on the command line.
struct Place {
  std::string file;  ///< path, or "command line", or empty when unknown
  int line = 0;      ///< 1-based; 0 when unknown
  int column = 0;    ///< 1-based; 0 when unknown
  std::string text() const;
};

/// A fault of the user's data, files or configuration: what is wrong, where, and what to do.
/// The program prints it as one line and ends with exit code 1; never a backtrace.
class UserError : public std::runtime_error {
 public:
  /// `where`: path, case or file:line; `hint`: what was expected and what to do.
  explicit UserError(std::string what, std::string where = "", std::string hint = "");
  const std::string& where() const { return where_; }
  const std::string& hint() const { return hint_; }

 private:
  std::string where_, hint_;
};

/// The user or the system asked the program to stop (SIGINT, SIGTERM); all state is saved.
class Interrupted : public std::runtime_error {
 public:
  explicit Interrupted(const std::string& what) : std::runtime_error(what) {}
};

/// A fault of ours. Thrown by MEDVOL_CHECK only.
class InternalError : public std::logic_error {
 public:
  explicit InternalError(const std::string& what) : std::logic_error(what) {}
};

[[noreturn]] void fail_check(const char* file, int line, const char* condition, const std::string& message);

}  // namespace medvol::core

/// Asserts what only our own mistake can break; always on. MEDVOL_CHECK(a == b, "a {} b {}", a, b)
#define MEDVOL_CHECK(condition, ...)                                                                             \
  do {                                                                                                           \
    if (!(condition)) ::medvol::core::fail_check(__FILE__, __LINE__, #condition, ::fmt::format("" __VA_ARGS__)); \
  } while (false)
