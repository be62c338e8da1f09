#pragma once
#include <memory>

#include "trainers/pretraining/masked_reconstruction.h"
#include "trainers/session/task.h"
#include "trainers/step/training_step.h"

namespace medvol::trainers {

struct PretrainingOptions : TrainerOptions, MaskingOptions {
  template <class Visitor>
  void fields(Visitor& visit) {
    TrainerOptions::fields(visit);
    MaskingOptions::fields(visit);
  }
};

/// Self-supervised pre-training: any segmentation network, with as many outputs as inputs, fills in what is hidden of
/// patches. Labels are never looked at; `loading.oversample_foreground` is to be 0 where they are to count as unknown.
/// Fine-tuning takes every weight whose name and shape fits: all but the heads.
class PretrainingTask : public Task {
 public:
  PretrainingTask(const PretrainingOptions& options, const TaskContext& context);
  const TrainerOptions& options() const override { return options_; }
  networks::TaskShape network_shape() const override { return shape_; }
  torch::nn::Module& module() override { return *network_; }
  Step& step() override { return *step_; }
  datasets::BatchSource& source() override { return *source_; }
  Evaluator& evaluator() override { return *evaluator_; }

 private:
  PretrainingOptions options_;
  networks::TaskShape shape_;
  std::shared_ptr<networks::Network> network_;
  std::unique_ptr<TrainingStep> step_;
  std::unique_ptr<datasets::BatchSource> source_;
  std::unique_ptr<ReconstructionEvaluator> evaluator_;
};

/// What the network gets and what it is compared with: images with hidden voxels zero, and as target the images with
/// the mask as one more channel, [N, C + 1, (D,) H, W]. What is hidden is a function of (seed, batch's index).
StepBatch masked_batch(const StepBatch& batch, const MaskingOptions& options, uint64_t seed);
/// masked_distance of the finest head to such a target.
Objective reconstruction_objective(Distance distance);

}  // namespace medvol::trainers
