#pragma once
#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "framework/parallel/environment.h"

namespace medvol::apps {

/// c10d's own way of summing gradients, torch.nn.parallel.DistributedDataParallel's: Reducer over Gloo. It stands here
/// to be measured beside trainers/step/gradient_sum.h. Gradients become the mean over the ranks.
class ReducerSum {
 public:
  /// `parameters`: those that backward reaches, on the CPU, in the order of the network. All ranks come together.
  ReducerSum(const std::vector<at::Tensor>& parameters, const parallel::Environment& environment);
  ~ReducerSum();
  ReducerSum(const ReducerSum&) = delete;
  ReducerSum& operator=(const ReducerSum&) = delete;

  void before_forward();
  void before_backward();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace medvol::apps
