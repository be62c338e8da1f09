#include "framework/parallel/timed_group.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <thread>

namespace medvol::parallel {
namespace {

using Clock = std::chrono::steady_clock;

struct Note {
  double bytes = 0;
  double started = 0, ended = 0;            ///< of the sum
  double wait_started = 0, wait_ended = 0;  ///< of who needs it
};

}  // namespace

struct TimedGroup::State {
  mutable std::mutex mutex;
  Clock::time_point zero = Clock::now();
  std::deque<Note> notes;  ///< a deque's elements stay where they are

  /// What is under way, for the thread that sees it end.
  struct Job {
    std::unique_ptr<Pending> pending;
    Note* note;
    std::promise<void> done;
  };
  std::condition_variable changed;
  std::deque<Job> jobs;
  bool stopping = false;
  std::thread thread;

  double now() const { return std::chrono::duration<double>(Clock::now() - zero).count(); }
  void see_ends();
};

void TimedGroup::State::see_ends() {
  std::unique_lock lock(mutex);
  for (;;) {
    changed.wait(lock, [this] { return stopping || !jobs.empty(); });
    if (jobs.empty()) return;
    Job job = std::move(jobs.front());
    jobs.pop_front();
    lock.unlock();
    try {
      job.pending->wait();
      job.note->ended = now();
      job.done.set_value();
    } catch (...) {
      job.done.set_exception(std::current_exception());
    }
    lock.lock();
  }
}

class TimedGroup::Noted : public Pending {
 public:
  Noted(State& state, Note& note, std::future<void> done) : state_(state), note_(note), done_(std::move(done)) {}
  void wait() override {
    note_.wait_started = state_.now();
    if (done_.valid()) done_.get();
    note_.wait_ended = state_.now();
  }

 private:
  State& state_;
  Note& note_;
  std::future<void> done_;
};

TimedGroup::TimedGroup(Group& group, Traffic traffic, int64_t size, std::function<void()> before_start)
    : group_(group),
      traffic_(traffic),
      size_(size > 0 ? size : group.size()),
      before_start_(std::move(before_start)),
      state_(std::make_unique<State>()) {
  if (traffic_ == Traffic::real) state_->thread = std::thread([this] { state_->see_ends(); });
}

TimedGroup::~TimedGroup() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->changed.notify_all();
  if (state_->thread.joinable()) state_->thread.join();
}

void TimedGroup::restart() {
  const std::lock_guard lock(state_->mutex);
  state_->notes.clear();
  state_->zero = Clock::now();
}

std::unique_ptr<Pending> TimedGroup::noted(const at::Tensor& tensor,
                                           const std::function<std::unique_ptr<Pending>()>& start) {
  if (before_start_) before_start_();
  std::unique_lock lock(state_->mutex);
  Note& note = state_->notes.emplace_back();
  note.bytes = static_cast<double>(tensor.nbytes());
  note.started = state_->now();
  std::future<void> done;
  if (traffic_ == Traffic::real) {
    State::Job job{start(), &note, {}};
    done = job.done.get_future();
    state_->jobs.push_back(std::move(job));
  }
  lock.unlock();
  state_->changed.notify_all();
  return std::make_unique<Noted>(*state_, note, std::move(done));
}

std::unique_ptr<Pending> TimedGroup::start_sum(const at::Tensor& tensor) {
  return noted(tensor, [&] { return group_.start_sum(tensor); });
}

std::unique_ptr<Pending> TimedGroup::start_broadcast(const at::Tensor& tensor, int64_t from) {
  return noted(tensor, [&] { return group_.start_broadcast(tensor, from); });
}

std::vector<SumRequest> TimedGroup::requests() const {
  const std::lock_guard lock(state_->mutex);
  std::vector<SumRequest> all;
  for (const Note& note : state_->notes) all.push_back({note.bytes, note.started, note.wait_started});
  return all;
}

StepTime TimedGroup::times() const {
  const std::lock_guard lock(state_->mutex);
  StepTime result;
  double until = 0;
  for (const Note& note : state_->notes) {  // they are started in order
    result.communication += std::max(0.0, note.ended - std::max(note.started, until));
    until = std::max(until, note.ended);
    result.waited += note.wait_ended - note.wait_started;
    result.step = std::max({result.step, note.wait_ended, note.ended});
  }
  return result;
}

}  // namespace medvol::parallel
