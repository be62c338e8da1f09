#include "trainers/step/training_step.h"

#include <cmath>

#include "framework/core/error.h"
#include "framework/runtime/stopwatch.h"

namespace medvol::trainers {

TrainingStep::TrainingStep(std::shared_ptr<networks::Network> network, int64_t dimensions, Objective objective,
                           Update update, const runtime::ExecutionContext& context, const StepOptions& options)
    : network_(std::move(network)),
      dimensions_(dimensions),
      objective_(std::move(objective)),
      update_(std::move(update)),
      context_(context),
      options_(options),
      arena_(*network_, context.device) {
  if (options_.ema_decay) average_ = arena_.parameters().clone();
  network_->train();
}

void TrainingStep::accumulate(const torch::Tensor& images, const torch::Tensor& labels) {
  runtime::Stopwatch watch;
  const bool flat = dimensions_ == 2 && images.dim() == 5;
  const torch::Tensor input = (flat ? images.squeeze(2) : images).to(context_.device, /*non_blocking=*/true);
  const torch::Tensor target =
      (flat ? labels.squeeze(1) : labels).to(context_.device, torch::kInt64, /*non_blocking=*/true);
  std::vector<torch::Tensor> heads;
  {
    const runtime::AutocastGuard autocast(context_);
    heads = network_->forward(input);
  }
  const torch::Tensor loss = objective_(heads, target) / static_cast<double>(options_.accumulate);
  times_.forward += watch.restart();
  loss.backward();
  times_.backward += watch.restart();
  loss_sum_ = loss_sum_.defined() ? loss_sum_ + loss.detach() : loss.detach();
}

StepResult TrainingStep::finish(double learning_rate) {
  MEDVOL_CHECK(loss_sum_.defined(), "finish() before accumulate()");
  const torch::NoGradGuard no_grad;
  runtime::Stopwatch watch;
  StepResult result;
  result.loss = loss_sum_.item<double>();
  result.gradient_norm = arena_.gradient().norm().item<double>();
  result.diverged = !std::isfinite(result.loss) || !std::isfinite(result.gradient_norm);
  if (!result.diverged) {
    if (options_.gradient_clip > 0 && result.gradient_norm > options_.gradient_clip)
      arena_.gradient().mul_(options_.gradient_clip / (result.gradient_norm + 1e-6));
    update_(arena_.parameters(), arena_.gradient(), learning_rate);
    if (average_.defined()) average_.lerp_(arena_.parameters(), 1 - *options_.ema_decay);
  }
  arena_.zero_gradient();
  loss_sum_.reset();
  times_.update = watch.seconds();
  result.times = times_;
  times_ = {};
  return result;
}

void TrainingStep::load_average(const std::map<std::string, torch::Tensor>& named) {
  if (average_.defined()) arena_.fill(average_, named);
}

TrainingStep::EvaluationScope::EvaluationScope(TrainingStep& step) : step_(step) {
  const torch::NoGradGuard no_grad;
  if (step_.average_.defined()) {
    trained_ = step_.arena_.parameters().clone();
    step_.arena_.parameters().copy_(step_.average_);
  }
  step_.network_->eval();
}

TrainingStep::EvaluationScope::~EvaluationScope() {
  const torch::NoGradGuard no_grad;
  if (trained_.defined()) step_.arena_.parameters().copy_(trained_);
  step_.network_->train();
}

}  // namespace medvol::trainers
