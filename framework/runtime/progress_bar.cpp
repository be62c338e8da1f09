#include "framework/runtime/progress_bar.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "framework/core/logging.h"
#include "framework/core/units.h"

namespace medvol::runtime {
namespace {

constexpr double redraw_seconds = 0.1, plain_seconds = 30;
constexpr int bar_cells = 20;

size_t terminal_columns() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

std::string bar(double fraction) {
  const int eighths = static_cast<int>(std::floor(fraction * bar_cells * 8));
  static const char* const part[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  std::string text;
  int cells = eighths / 8;
  for (int i = 0; i < cells; ++i) text += "█";
  if (eighths % 8) text += part[eighths % 8], ++cells;
  return text + std::string(static_cast<size_t>(bar_cells - cells), ' ');
}

/// The first `columns` characters of a UTF-8 text.
std::string fit(const std::string& text, size_t columns) {
  size_t seen = 0;
  for (size_t i = 0; i < text.size(); ++i)
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80 && ++seen > columns) return text.substr(0, i);
  return text;
}

}  // namespace

ProgressBar::ProgressBar(std::string title) : title_(std::move(title)), terminal_(isatty(STDERR_FILENO)) {
  if (!terminal_) last_draw_ = 0;  // short work says nothing in a log
}

ProgressBar::~ProgressBar() { finish(); }

void ProgressBar::update(double fraction, const std::string& details) {
  if (!spdlog::should_log(spdlog::level::info)) return;
  const std::lock_guard lock(mutex_);
  fraction = std::clamp(fraction, 0.0, 1.0);
  const double now = clock_.seconds();
  if (first_fraction_ < 0) first_fraction_ = fraction, first_seconds_ = now;
  if (now - last_draw_ < (terminal_ ? redraw_seconds : plain_seconds)) return;
  last_draw_ = now;
  draw(fraction, details);
}

void ProgressBar::draw(double fraction, const std::string& details) {
  const double gained = fraction - first_fraction_;
  const double left = gained > 1e-6 ? (clock_.seconds() - first_seconds_) * (1 - fraction) / gained : -1;
  // The time left comes first: narrow terminals cut the end off.
  std::string right = left >= 0 ? core::duration_text(left) + " left" : "";
  if (!details.empty()) right += (right.empty() ? "" : " · ") + details;
  if (terminal_) {
    const std::string line = fmt::format("{} {:3.0f} % |{}| {}", title_, 100 * fraction, bar(fraction), right);
    fmt::print(stderr, "\r\033[K{}", fit(line, terminal_columns() - 1));
  } else {
    fmt::print(stderr, "{} {:3.0f} % · {}\n", title_, 100 * fraction, right);
  }
  std::fflush(stderr);
  drawn_ = true;
}

void ProgressBar::finish(const std::string& summary) {
  const std::lock_guard lock(mutex_);
  if (finished_) return;
  finished_ = true;
  if (!spdlog::should_log(spdlog::level::info)) return;
  if (drawn_ && terminal_) fmt::print(stderr, "\r\033[K");
  if (!summary.empty()) fmt::print(stderr, "{}: {}\n", title_, summary);
  std::fflush(stderr);
}

}  // namespace medvol::runtime
