#include "datasets/catalogue/parallel.h"

#include <algorithm>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace medvol::datasets {
namespace {

/// Which item is next, how many are done, what went wrong; shared by the threads.
class Queue {
 public:
  Queue(int64_t count, const std::function<void(int64_t)>& work, const ProgressCallback& progress)
      : count_(count), work_(work), progress_(progress) {}

  void drain() {
    for (int64_t index = take(); index >= 0; index = take()) {
      try {
        work_(index);
        finished();
      } catch (...) {
        failed(index);
      }
    }
  }
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  int64_t take() {
    const std::lock_guard lock(mutex_);
    return error_ || next_ == count_ ? -1 : next_++;
  }
  void finished() {
    const std::lock_guard lock(mutex_);
    ++done_;
    if (progress_ && !error_) progress_(done_, count_);
  }
  void failed(int64_t index) {
    const std::lock_guard lock(mutex_);
    if (error_ && index > error_index_) return;
    error_ = std::current_exception();
    error_index_ = index;
  }

  const int64_t count_;
  const std::function<void(int64_t)>& work_;
  const ProgressCallback& progress_;
  std::mutex mutex_;
  int64_t next_ = 0, done_ = 0, error_index_ = 0;
  std::exception_ptr error_;
};

}  // namespace

void for_each_parallel(int64_t count, int64_t threads, const std::function<void(int64_t)>& work,
                       const ProgressCallback& progress) {
  if (threads <= 0) threads = std::max<int64_t>(1, std::thread::hardware_concurrency());
  Queue queue(count, work, progress);
  std::vector<std::jthread> helpers;
  for (int64_t i = 1; i < std::min(threads, count); ++i) helpers.emplace_back([&queue] { queue.drain(); });
  queue.drain();
  helpers.clear();  // joins
  queue.rethrow();
}

}  // namespace medvol::datasets
