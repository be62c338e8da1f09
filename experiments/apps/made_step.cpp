#include "experiments/apps/made_step.h"

#include <ATen/ops/stack.h>

#include "experiments/apps/benchmark_support.h"
#include "experiments/apps/flop_counter.h"
#include "experiments/apps/registries.h"
#include "experiments/apps/task_shape.h"
#include "framework/core/error.h"
#include "losses/composite/deep_supervision.h"

namespace medvol::apps {
namespace {

trainers::StepBatch made_batch(const plan::Plan& plan, uint64_t seed) {
  const datasets::Index3 size{plan.patch_size[0], plan.patch_size[1], plan.patch_size[2]};
  std::vector<at::Tensor> images, labels;
  for (int64_t n = 0; n < plan.batch_size; ++n) {
    const MadeCase made = made_case(plan.input_count(), size, seed + static_cast<uint64_t>(n));
    images.push_back(made.image.to(at::kFloat));
    labels.push_back(made.labels.clamp_max(plan.class_count() - 1));
  }
  return {at::stack(images), at::stack(labels)};
}

trainers::Objective objective(const plan::Plan& plan, const networks::Network& network) {
  const losses::LossContext context{.batch_dice = plan.batch_dice, .regions = {}};
  const auto loss = std::make_shared<losses::DeepSupervision>(
      losses::LossChoice(registries().losses, "dice_ce").build(context), network.head_strides(), plan.ignore_class());
  return [loss](const auto& heads, const torch::Tensor& labels) { return (*loss)(heads, labels); };
}

}  // namespace

MadeStep::MadeStep(const plan::Plan& plan, const networks::NetworkChoice& network,
                   const runtime::ExecutionContext& context)
    : network_(network.build(task_shape(plan))) {
  if (plan.dimensions != 3) throw core::UserError("is not of a 3D network", "plan of " + plan.dataset_name);
  network_->initialize(context.generator(runtime::purpose_weights));
  batch_ = made_batch(plan, context.seed);
  step_ = std::make_unique<trainers::TrainingStep>(network_, plan.dimensions, objective(plan, *network_),
                                                   trainers::OptimizerChoice(registries().optimizers, "sgd").build(),
                                                   context, trainers::StepOptions{});
}

trainers::StepResult MadeStep::run() {
  step_->begin({});
  step_->accumulate(batch_);
  trainers::StepResult result = step_->finish();
  MEDVOL_CHECK(!result.diverged, "a step on a made batch diverged: its times are of another work");
  return result;
}

double MadeStep::flop() {
  const FlopCounter counter;
  run();
  return counter.flop();
}

}  // namespace medvol::apps
