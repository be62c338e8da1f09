#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace medvol::parallel {

/// The board on which every rank writes how it is: a key-value store that all can reach.
struct Board {
  std::function<void(const std::string& key, const std::string& value)> write;
  std::function<std::optional<std::string>(const std::string& key)> read;  ///< throws when the board is gone
};

/// Tells who of a group has failed or fallen silent. Every rank writes a sign of life each second, in a thread of its
/// own, so that long work of a rank is no silence, but its end or halt (a kill, a stopped process, a lost machine) is.
class Watch {
 public:
  /// `name`: of this process, for others' messages. `abandon` is called with the finding when this rank's own work has
  /// not ended by itself five seconds after another one was found lost.
  Watch(Board board, int64_t rank, int64_t size, const std::string& name, std::chrono::milliseconds patience,
        std::function<void(const std::string& finding)> abandon);
  /// Ends without a word; finish() and tell_failure() are the two ends that the others understand.
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  void tell_failure(const std::string& what);
  /// This rank leaves in order. Rank 0, which holds the board, first waits until the others have left it.
  void finish();
  /// After a call to the group has failed: waits until it is known whose fault it was, not much longer than the
  /// patience. One sentence.
  std::string finding();

 private:
  struct Seen {
    std::string sign;
    std::chrono::steady_clock::time_point when;
  };
  void stop();
  void write_last(const std::string& state);
  void watch();
  void look_at(int64_t rank);
  void found(const std::string& what);

  Board board_;
  int64_t rank_, size_;
  std::string name_;
  std::chrono::milliseconds patience_;
  std::function<void(const std::string&)> abandon_;
  std::map<int64_t, Seen> seen_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::optional<std::string> finding_;
  std::thread thread_;
};

}  // namespace medvol::parallel
