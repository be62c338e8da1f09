#pragma once
#include <string>

#include <fmt/format.h>

#include "framework/config/diagnostics.h"

namespace medvol::config {

/// Steps through the text of one override, which must outlive it; knows how to complain about a place in it.
class OverrideCursor {
 public:
  explicit OverrideCursor(const std::string& text) : text_(text) {}

  bool at_end() const { return position_ >= text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[position_]; }
  char next() { return text_[position_++]; }
  size_t position() const { return position_; }
  void move_to(size_t position) { position_ = position; }
  std::string slice(size_t begin) const { return text_.substr(begin, position_ - begin); }
  bool accept(char c) {
    if (peek() != c || at_end()) return false;
    ++position_;
    return true;
  }
  void skip_blanks() {
    while (peek() == ' ' || peek() == '\t') ++position_;
  }
  [[noreturn]] void fail(const std::string& what, const std::string& hint) const { fail_at(position_, what, hint); }
  [[noreturn]] void fail_at(size_t position, const std::string& what, const std::string& hint) const {
    throw ConfigError({{{"override '" + text_ + "'"}, "", fmt::format("{} at position {}", what, position + 1), hint}});
  }
  std::string found() const { return at_end() ? "the end" : fmt::format("'{}'", peek()); }

 private:
  const std::string& text_;
  size_t position_ = 0;
};

}  // namespace medvol::config
