#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "framework/runtime/execution_context.h"
#include "losses/geometry/mesh_loss.h"
#include "networks/mesh_network.h"
#include "trainers/mesh/mesh_sample.h"
#include "trainers/step/learner.h"
#include "trainers/step/training_step.h"

namespace medvol::trainers {

struct MeshStepOptions : StepOptions {
  losses::MeshLossOptions loss;
  int64_t points = 3000;

  template <class Visitor>
  void fields(Visitor& visit) {
    StepOptions::fields(visit);
    visit("loss", loss, "weights of the loss' terms");
    visit("points", points, "points drawn anew for every batch on the moved and on the reference surface, each",
          config::at_least(1));
  }
};

/// One step of mesh refinement. A batch is one mesh: batch i takes sample i modulo their number of an order that is
/// shuffled anew every time round. The order and the points are functions of (seed, i) alone.
class MeshStep : public Step {
 public:
  /// `samples`: not empty; `network`: initialised.
  MeshStep(std::shared_ptr<networks::MeshNetwork> network, std::vector<MeshSample> samples,
           std::unique_ptr<Optimizer> optimizer, const runtime::ExecutionContext& context,
           const MeshStepOptions& options);

  int64_t batches_per_step() const override { return options_.accumulate; }
  void begin(const StepClock& clock) override { clock_ = clock; }
  void accumulate(const StepBatch& batch) override;
  StepResult finish() override;

  NamedTensors state() override { return learner_.state(); }
  void load(const NamedTensors& state) override { learner_.load(state); }
  NamedTensors prediction_weights() override { return learner_.prediction_weights(); }
  void begin_evaluation() override { learner_.begin_evaluation(); }
  void end_evaluation() override { learner_.end_evaluation(); }

  /// The sample that batch `index` takes.
  const MeshSample& sample_of(int64_t index) const;

 private:
  std::shared_ptr<networks::MeshNetwork> network_;
  std::vector<MeshSample> samples_;
  runtime::ExecutionContext context_;
  MeshStepOptions options_;
  losses::MeshLoss loss_;
  Learner learner_;
  StepClock clock_;
  torch::Tensor loss_sum_;
  std::map<std::string, torch::Tensor> term_sums_;
  StepTimes times_;
};

/// The sample's predicted mesh with its vertices where the network moves them; float64, patient coordinates.
geometry::Mesh refined_mesh(networks::MeshNetwork& network, const MeshSample& sample,
                            const runtime::ExecutionContext& context);

}  // namespace medvol::trainers
