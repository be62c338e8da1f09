#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "framework/parallel/group.h"
#include "framework/parallel/scaling_model.h"

namespace medvol::parallel {

/// A group that keeps a record of what a step asks of it, for measurements: of CPU tensors when they travel, of any
/// when nothing does. One user at a time.
class TimedGroup : public Group {
 public:
  enum class Traffic {
    real,   ///< by `group`; a thread of its own sees each sum end
    silent  ///< nothing is sent and every sum is this rank's own part: what a step computes, and when it asks
  };
  /// `size`: of a silent group, what it says; else the group's. `before_start` is called before each sum (a GPU is
  /// waited for there, so that the moment means something). `group` outlives this.
  TimedGroup(Group& group, Traffic traffic, int64_t size = 0, std::function<void()> before_start = {});
  ~TimedGroup() override;

  /// The clock begins, and earlier notes are forgotten.
  void restart();
  /// Since restart(): what was asked for, in order.
  std::vector<SumRequest> requests() const;
  /// Since restart(): seconds in which sums were under way, and in which the step waited for them (real traffic).
  StepTime times() const;

  int64_t rank() const override { return group_.rank(); }
  int64_t size() const override { return size_; }
  std::unique_ptr<Pending> start_sum(const at::Tensor& tensor) override;
  std::unique_ptr<Pending> start_broadcast(const at::Tensor& tensor, int64_t from) override;
  std::vector<std::string> gather(const std::string& text) override { return group_.gather(text); }
  void tell_failure(const std::string& what) override { group_.tell_failure(what); }
  void finish() override { group_.finish(); }

 private:
  struct State;
  class Noted;
  std::unique_ptr<Pending> noted(const at::Tensor& tensor, const std::function<std::unique_ptr<Pending>()>& start);

  Group& group_;
  Traffic traffic_;
  int64_t size_;
  std::function<void()> before_start_;
  std::unique_ptr<State> state_;
};

}  // namespace medvol::parallel
