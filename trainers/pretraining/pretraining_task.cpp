#include "trainers/pretraining/pretraining_task.h"

#include "trainers/pretraining/masking.h"

namespace medvol::trainers {

StepBatch masked_batch(const StepBatch& batch, const MaskingOptions& options, uint64_t seed) {
  runtime::Philox random(seed, runtime::purpose_masking, static_cast<uint64_t>(batch.index));
  std::vector<torch::Tensor> masks;
  for (int64_t n = 0; n < batch.images.size(0); ++n)
    masks.push_back(cube_mask(batch.images.sizes().slice(2).vec(), options.cube, options.mask_ratio, random));
  const torch::Tensor mask = torch::stack(masks).unsqueeze(1).to(batch.images.device());
  return {batch.images * (1 - mask), torch::cat({batch.images, mask}, 1), batch.index};
}

Objective reconstruction_objective(Distance distance) {
  return [distance](const std::vector<torch::Tensor>& heads, const torch::Tensor& target) {
    const int64_t channels = target.size(1) - 1;
    return masked_distance(heads.front(), target.narrow(1, 0, channels), target.narrow(1, channels, 1), distance);
  };
}

PretrainingTask::PretrainingTask(const PretrainingOptions& options, const TaskContext& context)
    : options_(options), shape_(context.shape) {
  shape_.out_channels = shape_.in_channels;
  shape_.deep_supervision = false;
  network_ = context.network(shape_);
  const MaskingOptions& masking = options_;
  step_ = std::make_unique<TrainingStep>(
      network_, context.plan.dimensions, reconstruction_objective(options_.distance), context.optimizer(),
      context.context, options_,
      [masking, seed = context.context.seed](const StepBatch& batch) { return masked_batch(batch, masking, seed); });
  source_ = context.patches();
  const auto finest = [network = network_](const torch::Tensor& x) { return network->forward(x).front(); };
  evaluator_ = std::make_unique<ReconstructionEvaluator>(
      ImagePredictor(finest, context.plan, shape_.out_channels, context.inference, context.context),
      spread_evenly(context.held_out, options_.validation_cases), masking, context.context.seed);
}

}  // namespace medvol::trainers
