#pragma once
#include <cstdio>
#include <mutex>
#include <string>

#include "framework/runtime/stopwatch.h"

namespace medvol::runtime {

/// One line that long work redraws on a terminal: `training  42 % |████████      | 2 min 10 s left · loss 0.31 · 3.2
/// samples/s`. Where standard error is no terminal, a plain line every 30 seconds instead. Safe to call from several
/// threads. Where the log is quiet (warnings only), it is too.
class ProgressBar {
 public:
  explicit ProgressBar(std::string title);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// `fraction` in [0, 1]; `details` stands right of the bar. The time left is estimated from the fraction since
  /// the first call, so a resumed run does not fool it.
  void update(double fraction, const std::string& details = "");
  /// Ends the line; a line of its own when `summary` is given.
  void finish(const std::string& summary = "");

 private:
  void draw(double fraction, const std::string& details);

  std::string title_;
  bool terminal_;
  bool drawn_ = false, finished_ = false;
  double first_fraction_ = -1, first_seconds_ = 0, last_draw_ = -1e9;
  Stopwatch clock_;
  std::mutex mutex_;
};

}  // namespace medvol::runtime
