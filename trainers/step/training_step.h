#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <torch/torch.h>

#include "framework/config/fields.h"
#include "framework/runtime/execution_context.h"
#include "networks/network.h"
#include "trainers/step/parameter_arena.h"

namespace medvol::trainers {

struct StepOptions {
  double gradient_clip = 12;
  int64_t accumulate = 1;
  std::optional<double> ema_decay;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("gradient_clip", gradient_clip, "largest L2 norm of all gradients together (nnU-Net: 12); 0: unlimited",
          config::at_least(0));
    visit("accumulate", accumulate, "batches whose gradients are averaged into one step", config::at_least(1));
    visit("ema_decay", ema_decay,
          "keep a moving average of the weights, w ← d·w + (1−d)·new; it is validated and predicted with",
          config::below(0, 1));
  }
};

/// Seconds that the parts of a step took.
struct StepTimes {
  double forward = 0, backward = 0, update = 0;
};

struct StepResult {
  double loss = 0;           ///< mean over the accumulated batches
  double gradient_norm = 0;  ///< before clipping
  bool diverged = false;     ///< loss or gradient is NaN or infinite: nothing was changed
  StepTimes times;
};

/// Loss of the heads (finest first) against labels [N, (D,) H, W] int64.
using Objective = std::function<torch::Tensor(const std::vector<torch::Tensor>& heads, const torch::Tensor& labels)>;
/// Changes parameters [P] in place by gradient [P] with this learning rate.
using Update = std::function<void(torch::Tensor& parameters, torch::Tensor& gradient, double learning_rate)>;

/// One optimisation step: forward under autocast, loss in float32, backward, clip, update, moving average.
class TrainingStep {
 public:
  /// `dimensions`: the network's; a 2D network gets batches [N, C, 1, H, W] without their third axis.
  TrainingStep(std::shared_ptr<networks::Network> network, int64_t dimensions, Objective objective, Update update,
               const runtime::ExecutionContext& context, const StepOptions& options);

  int64_t batches_per_step() const { return options_.accumulate; }
  /// Adds one batch's gradient. images: [N, C, D, H, W] float32; labels: [N, D, H, W] uint8.
  void accumulate(const torch::Tensor& images, const torch::Tensor& labels);
  /// Ends the step after `batches_per_step` batches.
  StepResult finish(double learning_rate);

  /// Weights as trained, and their moving average (empty without EMA), by parameter name; views, not copies.
  std::map<std::string, torch::Tensor> weights() { return arena_.by_name(arena_.parameters()); }
  std::map<std::string, torch::Tensor> average() {
    return average_.defined() ? arena_.by_name(average_) : std::map<std::string, torch::Tensor>{};
  }
  void load_weights(const std::map<std::string, torch::Tensor>& named) { arena_.fill(arena_.parameters(), named); }
  void load_average(const std::map<std::string, torch::Tensor>& named);

  networks::Network& network() { return *network_; }

  /// While it lives, the network computes with the moving average (if there is one) in evaluation mode.
  class EvaluationScope {
   public:
    explicit EvaluationScope(TrainingStep& step);
    ~EvaluationScope();
    EvaluationScope(const EvaluationScope&) = delete;
    EvaluationScope& operator=(const EvaluationScope&) = delete;

   private:
    TrainingStep& step_;
    torch::Tensor trained_;
  };

 private:
  std::shared_ptr<networks::Network> network_;
  int64_t dimensions_;
  Objective objective_;
  Update update_;
  runtime::ExecutionContext context_;
  StepOptions options_;
  ParameterArena arena_;
  torch::Tensor average_;
  torch::Tensor loss_sum_;
  StepTimes times_;
};

}  // namespace medvol::trainers
