#include "trainers/schedule/optimizers.h"

#include <cmath>

#include "framework/core/error.h"

namespace medvol::trainers {
namespace {

using State = std::map<std::string, torch::Tensor>;

void expect_keys(const State& state, const std::vector<std::string>& keys) {
  bool same = state.size() == keys.size();
  for (const std::string& key : keys) same = same && state.count(key);
  if (!same)
    throw core::UserError("the optimiser's saved state has other parts than this optimiser", "checkpoint",
                          "resume with the optimiser that the run was started with");
}

}  // namespace

void Sgd::step(torch::Tensor& parameters, torch::Tensor& gradient, double learning_rate) {
  const torch::NoGradGuard no_grad;
  if (!velocity_.defined()) velocity_ = torch::zeros_like(parameters);
  if (options_.weight_decay > 0) gradient.add_(parameters, options_.weight_decay);
  velocity_.mul_(options_.momentum).add_(gradient);
  if (options_.nesterov)
    parameters.add_(gradient, -learning_rate).add_(velocity_, -learning_rate * options_.momentum);
  else
    parameters.add_(velocity_, -learning_rate);
}

State Sgd::state() const { return velocity_.defined() ? State{{"velocity", velocity_}} : State{}; }

void Sgd::load(const State& state) {
  if (state.empty()) return velocity_.reset();
  expect_keys(state, {"velocity"});
  velocity_ = state.at("velocity").clone();
}

void AdamW::step(torch::Tensor& parameters, torch::Tensor& gradient, double learning_rate) {
  const torch::NoGradGuard no_grad;
  if (!mean_.defined()) mean_ = torch::zeros_like(parameters), square_ = torch::zeros_like(parameters);
  ++steps_;
  const double mean_correction = 1 - std::pow(options_.beta1, static_cast<double>(steps_));
  const double square_correction = 1 - std::pow(options_.beta2, static_cast<double>(steps_));
  parameters.mul_(1 - learning_rate * options_.weight_decay);
  mean_.lerp_(gradient, 1 - options_.beta1);
  square_.mul_(options_.beta2).addcmul_(gradient, gradient, 1 - options_.beta2);
  torch::sqrt_out(gradient, square_);
  gradient.div_(std::sqrt(square_correction)).add_(options_.epsilon);
  parameters.addcdiv_(mean_, gradient, -learning_rate / mean_correction);
}

State AdamW::state() const {
  if (!mean_.defined()) return {};
  return {{"mean", mean_}, {"square", square_}, {"steps", torch::tensor(steps_, torch::kInt64)}};
}

void AdamW::load(const State& state) {
  steps_ = 0;
  mean_.reset();
  square_.reset();
  if (state.empty()) return;
  expect_keys(state, {"mean", "square", "steps"});
  mean_ = state.at("mean").clone();
  square_ = state.at("square").clone();
  steps_ = state.at("steps").item<int64_t>();
}

void register_optimizers(OptimizerRegistry& registry) {
  registry.add<SgdOptions>("sgd", "SGD with Nesterov momentum 0.99, nnU-Net's default",
                           [](const SgdOptions& options) { return std::make_unique<Sgd>(options); });
  registry.add<AdamWOptions>("adamw", "Adam with decoupled weight decay",
                             [](const AdamWOptions& options) { return std::make_unique<AdamW>(options); });
}

}  // namespace medvol::trainers
