#pragma once
#include <memory>
#include <optional>

#include "trainers/schedule/optimizer.h"
#include "trainers/step/parameter_arena.h"
#include "trainers/step/step.h"

namespace medvol::trainers {

struct LearnerOptions {
  double gradient_clip = 0;                        ///< largest L2 norm of all gradients together; 0: unlimited
  std::optional<double> ema_decay = std::nullopt;  ///< keep a moving average of the parameters, w ← d·w + (1−d)·new
};

/// A module with all that trains it: flat parameters and gradient, optimiser, clipping, moving average. A step owns one
/// learner for each network that it trains.
class Learner {
 public:
  /// Moves the module to `device`, into training mode.
  Learner(std::shared_ptr<torch::nn::Module> module, std::unique_ptr<Optimizer> optimizer, torch::Device device,
          const LearnerOptions& options);

  /// L2 norm of the gradient gathered so far; NaN or infinite when training diverged.
  double gradient_norm();
  /// Clips, updates, averages and forgets the gradient, whose norm is `norm`. Returns the learning rate used.
  double update(double rate_factor, double norm);
  void zero_gradient() { arena_.zero_gradient(); }
  /// The end of a step whose loss is in `result`: fills gradient norm, learning rate and `diverged`; a step that
  /// diverged changes nothing.
  void finish(double rate_factor, StepResult& result);

  /// weights/…, buffers/…, average/… (with a moving average), optimizer/…; views.
  NamedTensors state();
  void load(const NamedTensors& state);
  NamedTensors prediction_weights();

  void begin_evaluation();
  void end_evaluation();

 private:
  NamedTensors buffers() const;

  std::shared_ptr<torch::nn::Module> module_;
  std::unique_ptr<Optimizer> optimizer_;
  LearnerOptions options_;
  ParameterArena arena_;
  torch::Tensor average_;  ///< [P], undefined without ema_decay
  torch::Tensor trained_;  ///< [P], the parameters as trained, while the average stands in their place
};

}  // namespace medvol::trainers
