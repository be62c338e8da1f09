#include "trainers/step/training_step.h"

#include <gtest/gtest.h>

#include <torch/nn/modules/linear.h>

#include <cmath>
#include <limits>

#include "framework/core/error.h"

namespace medvol::trainers {
namespace {

/// y = w x, one weight a channel.
class Scale : public networks::Network {
 public:
  Scale() { weight_ = register_parameter("weight", torch::tensor({1.0f, -2.0f})); }
  std::vector<torch::Tensor> forward(const torch::Tensor& x) override {
    seen_dimensions = x.dim();
    return {x * weight_.view(x.dim() == 5 ? std::vector<int64_t>{1, 2, 1, 1, 1} : std::vector<int64_t>{1, 2, 1, 1})};
  }
  std::vector<int64_t> multiple_of() const override { return {1, 1, 1}; }
  std::vector<std::vector<int64_t>> head_strides() const override { return {{1, 1, 1}}; }
  void initialize(torch::Generator) override {}
  int64_t seen_dimensions = 0;

 private:
  torch::Tensor weight_;
};

runtime::ExecutionContext cpu() {
  return runtime::ExecutionContext::resolve(
      {.device = "cpu", .precision = runtime::Precision::float32, .compute_threads = 1}, 0);
}

torch::Tensor mean_square(const std::vector<torch::Tensor>& heads, const torch::Tensor&) {
  return heads[0].square().mean();
}
/// w ← w − rate · gradient, at a base rate of 1.
class PlainDescent : public Optimizer {
 public:
  void step(torch::Tensor& parameters, torch::Tensor& gradient, double rate) override {
    parameters.add_(gradient, -rate);
  }
  double base_learning_rate() const override { return 1; }
  NamedTensors state() const override { return {}; }
  void load(const NamedTensors&) override {}
};

TrainingStep make(const StepOptions& options, std::shared_ptr<Scale> network = std::make_shared<Scale>(),
                  int64_t dimensions = 3) {
  return TrainingStep(std::move(network), dimensions, mean_square, std::make_unique<PlainDescent>(), cpu(), options);
}

StepBatch batch(double value) {
  return {torch::full({2, 2, 1, 3, 3}, value), torch::zeros({2, 1, 3, 3}, torch::kUInt8)};
}
StepResult finish(TrainingStep& step, double rate) {
  step.begin({.rate_factor = rate});
  return step.finish();
}
torch::Tensor weight(TrainingStep& step) { return step.state().at("weights/weight").clone(); }
torch::Tensor average(TrainingStep& step) { return step.state().at("average/weight").clone(); }

TEST(TrainingStep, GradientNormClipAndUpdateAreClosedForm) {
  TrainingStep step = make({.gradient_clip = 1});
  step.accumulate(batch(1));
  const StepResult result = finish(step, 0.5);
  // loss = (w0² + w1²) / 2, gradient = w = (1, -2), clipped to length 1.
  EXPECT_DOUBLE_EQ(result.loss, 2.5);
  EXPECT_NEAR(result.gradient_norm, std::sqrt(5), 1e-6);
  EXPECT_TRUE(torch::allclose(weight(step), torch::tensor({1.0f, -2.0f}) * (1 - 0.5 / std::sqrt(5)), 1e-5, 1e-6));
}

TEST(TrainingStep, AccumulationAveragesBatches) {
  TrainingStep twice = make({.gradient_clip = 0, .accumulate = 2}), once = make({.gradient_clip = 0});
  twice.accumulate(batch(1));
  twice.accumulate(batch(3));
  once.accumulate(batch(std::sqrt(5.0)));  // the mean square of 1 and 3
  EXPECT_NEAR(finish(twice, 0.1).loss, finish(once, 0.1).loss, 1e-5);
  EXPECT_TRUE(torch::allclose(weight(twice), weight(once), 1e-5, 1e-6));
}

TEST(TrainingStep, NoGradientIsLeftForTheNextStep) {
  TrainingStep step = make({.gradient_clip = 0});
  step.accumulate(batch(1));
  finish(step, 0);
  step.accumulate(batch(1));
  EXPECT_NEAR(finish(step, 0).gradient_norm, std::sqrt(5), 1e-6);
}

TEST(TrainingStep, MovingAverageFollowsAndServesEvaluation) {
  const auto network = std::make_shared<Scale>();
  TrainingStep step = make({.gradient_clip = 0, .ema_decay = 0.75}, network);
  const torch::Tensor before = weight(step);
  step.accumulate(batch(1));
  finish(step, 0.5);
  const torch::Tensor trained = weight(step), expected = 0.75 * before + 0.25 * trained;
  EXPECT_TRUE(torch::allclose(average(step), expected));
  {
    const EvaluationScope evaluation(step);
    EXPECT_TRUE(torch::allclose(weight(step), expected));
    EXPECT_TRUE(step.prediction_weights().at("weight").equal(average(step)));
    EXPECT_FALSE(network->is_training());
  }
  EXPECT_TRUE(weight(step).equal(trained));
  EXPECT_TRUE(network->is_training());
}

TEST(TrainingStep, DivergenceChangesNothing) {
  const double infinite = std::numeric_limits<double>::infinity(), none = std::numeric_limits<double>::quiet_NaN();
  for (const double bad : {infinite, none}) {
    TrainingStep step = make({.ema_decay = 0.5});
    const torch::Tensor before = weight(step);
    step.accumulate(batch(bad));
    EXPECT_TRUE(finish(step, 0.1).diverged);
    EXPECT_TRUE(weight(step).equal(before));
    EXPECT_TRUE(average(step).equal(before));
    step.accumulate(batch(1));
    EXPECT_FALSE(finish(step, 0.1).diverged);
  }
}

TEST(TrainingStep, ATwoDimensionalNetworkGetsSlices) {
  auto network = std::make_shared<Scale>();
  TrainingStep step = make({}, network, 2);
  step.accumulate(batch(1));
  EXPECT_EQ(network->seen_dimensions, 4);
}

TEST(ParameterArena, ModuleAndVectorAreOneMemory) {
  torch::nn::Linear layer(3, 5);
  const torch::Tensor original = layer->weight.detach().clone();
  ParameterArena arena(*layer, torch::kCPU);
  EXPECT_EQ(arena.parameters().numel() % 16, 0);
  EXPECT_TRUE(layer->weight.equal(original));
  arena.parameters().mul_(2);
  EXPECT_TRUE(layer->weight.equal(original * 2));
  layer->forward(torch::ones({1, 3})).sum().backward();
  EXPECT_EQ(arena.gradient().sum().item<float>(), 5 * 3 + 5);
  for (const auto& [name, view] : arena.by_name(arena.parameters()))
    EXPECT_EQ(reinterpret_cast<uintptr_t>(view.data_ptr()) % 64, 0u) << name;
}

TEST(ParameterArena, RefusesWeightsThatDoNotFit) {
  torch::nn::Linear layer(3, 5);
  ParameterArena arena(*layer, torch::kCPU);
  EXPECT_THROW(arena.fill(arena.parameters(), {{"weight", torch::ones({5, 3})}}), core::UserError);
  EXPECT_THROW(arena.fill(arena.parameters(), {{"weight", torch::ones({3, 5})}, {"bias", torch::ones({5})}}),
               core::UserError);
  EXPECT_THROW(arena.fill(arena.parameters(),
                          {{"weight", torch::ones({5, 3})}, {"bias", torch::ones({5})}, {"more", torch::ones({1})}}),
               core::UserError);
}

}  // namespace
}  // namespace medvol::trainers
