#include "trainers/step/training_step.h"

#include "framework/core/error.h"
#include "framework/runtime/stopwatch.h"

namespace medvol::trainers {

StepBatch on_device(const StepBatch& batch, int64_t dimensions, const runtime::ExecutionContext& context) {
  const auto ready = [&](torch::Tensor tensor, int64_t third_axis) {
    if (!tensor.defined()) return tensor;
    if (dimensions == 2 && tensor.dim() == third_axis + 3) tensor = tensor.squeeze(third_axis);
    const auto type = tensor.is_floating_point() ? torch::kFloat32 : torch::kInt64;
    return tensor.to(context.device, type, /*non_blocking=*/true);
  };
  return {ready(batch.images, 2), ready(batch.target, 1), batch.index, ready(batch.partner, 1), batch.share};
}

TrainingStep::TrainingStep(std::shared_ptr<networks::Network> network, int64_t dimensions, Objective objective,
                           std::unique_ptr<Optimizer> optimizer, const runtime::ExecutionContext& context,
                           const StepOptions& options, Prepare prepare)
    : network_(std::move(network)),
      dimensions_(dimensions),
      objective_(std::move(objective)),
      prepare_(std::move(prepare)),
      context_(context),
      options_(options),
      learner_(network_, std::move(optimizer), context.device,
               {.gradient_clip = options.gradient_clip, .ema_decay = options.ema_decay}) {}

void TrainingStep::accumulate(const StepBatch& batch) {
  runtime::Stopwatch watch;
  StepBatch ready = on_device(batch, dimensions_, context_);
  if (prepare_) ready = prepare_(ready);
  std::vector<torch::Tensor> heads;
  {
    const runtime::AutocastGuard autocast(context_);
    heads = network_->forward(ready.images);
  }
  torch::Tensor loss = objective_(heads, ready.target);
  if (ready.partner.defined()) loss = ready.share * loss + (1 - ready.share) * objective_(heads, ready.partner);
  loss = loss / static_cast<double>(options_.accumulate);
  times_.forward += watch.restart();
  loss.backward();
  times_.backward += watch.restart();
  loss_sum_ = loss_sum_.defined() ? loss_sum_ + loss.detach() : loss.detach();
}

StepResult TrainingStep::finish() {
  MEDVOL_CHECK(loss_sum_.defined(), "finish() before accumulate()");
  runtime::Stopwatch watch;
  StepResult result;
  result.loss = loss_sum_.item<double>();
  learner_.finish(clock_.rate_factor, result);
  loss_sum_.reset();
  times_.update = watch.seconds();
  result.times = times_;
  times_ = {};
  return result;
}

}  // namespace medvol::trainers
