#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "datasets/loading/batch_source.h"
#include "framework/parallel/group.h"
#include "framework/plan/plan.h"
#include "framework/registry/registry.h"
#include "framework/runtime/execution_context.h"
#include "losses/adversarial_loss.h"
#include "losses/image_loss.h"
#include "losses/metrics/policy.h"
#include "networks/discriminator.h"
#include "networks/network.h"
#include "trainers/inference/sliding_window.h"
#include "trainers/session/measurements.h"
#include "trainers/session/trainer.h"
#include "trainers/session/validation.h"
#include "trainers/step/training_step.h"

namespace medvol::trainers {

/// What a task is put together from. The composition root fills it: a task chooses shapes and connects, and knows no
/// configuration, no files and no concrete network or loss. Everything here outlives the task.
struct TaskContext {
  const plan::Plan& plan;
  const runtime::ExecutionContext& context;
  networks::TaskShape shape;  ///< of a segmenter, from the plan; a task changes channels and factors
  std::function<std::shared_ptr<networks::Network>(const networks::TaskShape&)> network;  ///< initialised
  std::function<std::shared_ptr<networks::Discriminator>(const networks::DiscriminatorShape&)> discriminator;
  /// The segmentation loss at every head of a network, with deep supervision, ignore label and class weights.
  std::function<Objective(const networks::Network&)> objective;
  std::function<std::unique_ptr<losses::ImageLoss>(const losses::ImageLossContext&)> image_loss;
  std::function<std::unique_ptr<losses::AdversarialLoss>()> adversarial_loss;
  std::function<std::unique_ptr<Optimizer>()> optimizer, discriminator_optimizer;
  std::function<std::unique_ptr<datasets::BatchSource>()> patches;  ///< augmented patches of the training cases
  WholeCases training, held_out;
  /// A trained segmenter on the network's grid, [C, D, H, W] → label map [D, H, W] int64; empty where none is named.
  std::function<torch::Tensor(const torch::Tensor& image)> segmenter;
  InferenceOptions inference;
  metrics::Policy policy;
  std::filesystem::path samples;  ///< folder for pictures drawn while training
  /// The processes that train together; patches() gives each its samples of a batch, objective() sums over all.
  std::shared_ptr<parallel::Group> group = parallel::alone();
};

/// One kind of training, ready to run: `trainer:` of a configuration names it.
class Task {
 public:
  virtual ~Task() = default;
  virtual const TrainerOptions& options() const = 0;
  virtual networks::TaskShape network_shape() const = 0;
  /// Name of what is trained where the task brings it itself; empty: the configured `network`.
  virtual std::string own_network() const { return {}; }
  /// What is trained, for who loads weights into it.
  virtual torch::nn::Module& module() = 0;
  virtual Step& step() = 0;
  virtual datasets::BatchSource& source() = 0;
  virtual Evaluator& evaluator() = 0;
  /// Told of what happens beside the program's own hooks: draws samples.
  virtual std::vector<Hook*> hooks() { return {}; }
  /// At the end of a training that makes no label maps, with the network as it predicts: how good it is on all held-out
  /// cases. `progress` gets [0, 1] and may throw core::Interrupted.
  virtual Measurements measure(const std::function<void(double)>& /*progress*/) { return {}; }
};

using TaskRegistry = registry::Registry<std::unique_ptr<Task>, const TaskContext&>;
using TaskChoice = registry::Choice<std::unique_ptr<Task>, const TaskContext&>;

}  // namespace medvol::trainers
