#pragma once
#include <memory>

#include "framework/plan/plan.h"
#include "framework/runtime/execution_context.h"
#include "networks/network.h"
#include "trainers/step/training_step.h"

namespace medvol::apps {

/// A training step by a plan as nnU-Net's recipe takes it (Dice and cross-entropy at every head, SGD with Nesterov
/// momentum, clipping), always on one made batch: what a step computes, without a data set.
class MadeStep {
 public:
  /// Throws core::UserError for a plan that is not 3D.
  MadeStep(const plan::Plan& plan, const networks::NetworkChoice& network, const runtime::ExecutionContext& context);
  trainers::StepResult run();
  const networks::Network& network() const { return *network_; }
  const trainers::StepBatch& batch() const { return batch_; }
  /// Operations of convolutions and matrix products in a step, forward and backward. Takes one.
  double flop();

 private:
  std::shared_ptr<networks::Network> network_;
  trainers::StepBatch batch_;  ///< images [N, C, D, H, W] float32, labels [N, D, H, W] uint8
  std::unique_ptr<trainers::TrainingStep> step_;
};

}  // namespace medvol::apps
