#include "framework/parallel/watch.h"

#include <utility>

#include <fmt/format.h>

namespace medvol::parallel {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto heartbeat = 500ms;
constexpr auto grace = 5s;

std::string key_of(int64_t rank) { return fmt::format("medvol/rank/{}", rank); }

/// "alive 17|host a, process 12" → what stands before and behind the bar.
std::pair<std::string, std::string> parts(const std::string& sign) {
  const size_t bar = sign.find('|');
  return {sign.substr(0, bar), bar == std::string::npos ? "" : sign.substr(bar + 1)};
}

}  // namespace

Watch::Watch(Board board, int64_t rank, int64_t size, const std::string& name, std::chrono::milliseconds patience,
             std::function<void(const std::string&)> abandon)
    : board_(std::move(board)),
      rank_(rank),
      size_(size),
      name_(name),
      patience_(patience),
      abandon_(std::move(abandon)) {
  board_.write(key_of(rank_), "alive 0|" + name_);
  thread_ = std::thread([this] { watch(); });
}

Watch::~Watch() { stop(); }

void Watch::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Watch::write_last(const std::string& state) {
  stop();
  try {
    board_.write(key_of(rank_), state + "|" + name_);
  } catch (const std::exception&) {  // the board is gone: the others see that too
  }
}

void Watch::watch() {
  for (int64_t beat = 1;; ++beat) {
    {
      std::unique_lock lock(mutex_);
      if (changed_.wait_for(lock, heartbeat, [this] { return stopping_; })) return;
    }
    try {
      board_.write(key_of(rank_), fmt::format("alive {}|{}", beat, name_));
      for (int64_t other = 0; other < size_; ++other)
        if (other != rank_) look_at(other);
    } catch (const std::exception&) {
      found("rank 0, where all ranks meet, cannot be reached any more");
    }
    std::unique_lock lock(mutex_);
    if (!finding_) continue;
    if (changed_.wait_for(lock, grace, [this] { return stopping_; })) return;
    const std::string finding = *finding_;
    lock.unlock();
    abandon_(finding);
    return;
  }
}

void Watch::look_at(int64_t rank) {
  const auto sign = board_.read(key_of(rank));
  Seen& seen = seen_[rank];
  const auto now = Clock::now();
  if (!sign) {  // it has not come yet: who meets it waits for it
    seen.when = now;
    return;
  }
  const auto [state, name] = parts(*sign);
  if (state.starts_with("done")) return;
  if (state.starts_with("failed")) return found(fmt::format("rank {} ({}) failed: {}", rank, name, state.substr(7)));
  if (*sign != seen.sign) {
    seen = {*sign, now};
  } else if (now - seen.when > patience_) {
    found(fmt::format("rank {} ({}) has given no sign of life for {} s", rank, name,
                      std::chrono::duration_cast<std::chrono::seconds>(patience_).count()));
  }
}

void Watch::found(const std::string& what) {
  {
    const std::lock_guard lock(mutex_);
    if (!finding_) finding_ = what;
  }
  changed_.notify_all();
}

void Watch::tell_failure(const std::string& what) { write_last("failed " + what.substr(0, what.find('\n'))); }

void Watch::finish() {
  write_last("done");
  if (rank_ != 0) return;
  const auto end = Clock::now() + patience_;
  for (int64_t other = 1; other < size_; ++other)
    while (Clock::now() < end) {
      const auto sign = board_.read(key_of(other));
      if (sign && !sign->starts_with("alive")) break;
      std::this_thread::sleep_for(20ms);
    }
}

std::string Watch::finding() {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience_ + grace, [this] { return finding_.has_value(); });
  return finding_.value_or("the connection between the ranks broke, though all of them live");
}

}  // namespace medvol::parallel
