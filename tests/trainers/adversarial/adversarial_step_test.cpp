#include "trainers/adversarial/adversarial_step.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "framework/core/error.h"
#include "losses/adversarial/register.h"

namespace medvol::trainers {
namespace {

/// y = w x.
class Scale : public networks::Network {
 public:
  Scale() { weight = register_parameter("weight", torch::tensor({0.25f})); }
  std::vector<torch::Tensor> forward(const torch::Tensor& x) override { return {x * weight}; }
  std::vector<int64_t> multiple_of() const override { return {1, 1, 1}; }
  std::vector<std::vector<int64_t>> head_strides() const override { return {{1, 1, 1}}; }
  void initialize(torch::Generator) override {}
  torch::Tensor weight;
};

/// Logit v x of each voxel, and x as features.
class Slope : public networks::Discriminator {
 public:
  explicit Slope(bool with_logits = true) : with_logits_(with_logits) {
    slope = register_parameter("slope", torch::ones({1}));
  }
  networks::Judgement forward(const torch::Tensor& x) override {
    if (!with_logits_) return {{}, {{slope * x}}};
    return {{slope * x}, {{x}}};
  }
  void initialize(torch::Generator) override {}
  torch::Tensor slope;

 private:
  bool with_logits_;
};

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

runtime::ExecutionContext cpu() {
  return runtime::ExecutionContext::resolve(
      {.device = "cpu", .precision = runtime::Precision::float32, .compute_threads = 1}, 0);
}

torch::Tensor squared_distance(const std::vector<torch::Tensor>& heads, const torch::Tensor& target) {
  return (heads[0] - target).square().mean();
}

struct Game {
  explicit Game(AdversaryOptions options = {}, const std::string& loss = "wasserstein", StepOptions step_options = {},
                bool with_logits = true)
      : discriminator(std::make_shared<Slope>(with_logits)) {
    losses::AdversarialLossRegistry registry("adversarial loss");
    losses::register_adversarial_losses(registry);
    step_options.gradient_clip = 0;
    step = std::make_unique<AdversarialStep>(
        AdversarialParts{.generator = generator,
                         .discriminator = discriminator,
                         .judged = {.dimensions = 3, .in_channels = 1, .patch_size = {2, 2, 2}},
                         .generator_optimizer = std::make_unique<PlainDescent>(),
                         .discriminator_optimizer = std::make_unique<PlainDescent>(),
                         .adversarial = losses::AdversarialLossChoice(registry, loss).build(),
                         .supervised = squared_distance,
                         .prepare = {},
                         .real = [](const StepBatch& ready) { return ready.target; },
                         .made = [](const StepBatch&, const torch::Tensor& head) { return head; }},
        3, cpu(), step_options, options);
  }
  /// One step on images of 2 that should become 1.
  StepResult play(double progress = 0.5, double rate = 0.1, double target = 1) {
    step->begin({progress, rate});
    for (int64_t i = 0; i < step->batches_per_step(); ++i)
      step->accumulate({torch::full({2, 1, 2, 2, 2}, 2.0), torch::full({2, 1, 2, 2, 2}, target), batches++});
    return step->finish();
  }
  double w() const { return generator->weight.item<double>(); }
  double v() const { return discriminator->slope.item<double>(); }

  std::shared_ptr<Scale> generator = std::make_shared<Scale>();
  std::shared_ptr<Slope> discriminator;
  std::unique_ptr<AdversarialStep> step;
  int64_t batches = 0;
};

AdversaryOptions from_the_start(double weight = 0.5) {
  AdversaryOptions options;
  options.weight = weight;
  options.begins = 0;
  return options;
}

// Made is 2 w = 0.5, real is 1. The discriminator's loss v (0.5 − 1) has the slope −0.5: v = 1.05. The generator's loss
// (0.5 − 1)² − weight · v · 2 w has the slope −2 − weight · 2.1.
TEST(AdversarialStep, BothPlayersMoveByTheirOwnLoss) {
  Game game(from_the_start(0.5));
  const StepResult result = game.play();
  EXPECT_NEAR(game.v(), 1.05, 1e-6);
  EXPECT_NEAR(game.w(), 0.25 + 0.1 * 3.05, 1e-6);
  EXPECT_NEAR(result.terms.at("supervised"), 0.25, 1e-6);
  EXPECT_NEAR(result.terms.at("adversarial"), -1.05 * 0.5, 1e-6);
  EXPECT_NEAR(result.terms.at("discriminator_loss"), -0.5, 1e-6);
  EXPECT_NEAR(result.terms.at("discriminator_gradient_norm"), 0.5, 1e-6);
  EXPECT_NEAR(result.gradient_norm, 3.05, 1e-5);
  EXPECT_NEAR(result.loss, 0.25 - 0.5 * 1.05 * 0.5, 1e-6);
  EXPECT_FALSE(result.diverged);
}

TEST(AdversarialStep, AccuracyIsOneWhereRealAndMadeAreTold) {
  Game told(from_the_start());
  EXPECT_DOUBLE_EQ(told.play().terms.at("discriminator_accuracy"), 1);
  Game equal(from_the_start());
  EXPECT_DOUBLE_EQ(equal.play(0.5, 0.1, 0.5).terms.at("discriminator_accuracy"), 0.5);  // ties
  Game features(from_the_start(), "multiscale_l1", {}, false);
  EXPECT_FALSE(features.play().terms.contains("discriminator_accuracy"));
}

TEST(AdversarialStep, SpreadComparesWhatIsMadeWithWhatIsReal) {
  Game game(from_the_start());
  const torch::Tensor images = torch::arange(16).to(torch::kFloat32).view({2, 1, 2, 2, 2});
  game.step->begin({0.5, 0});
  game.step->accumulate({images, images * 0.5, 0});
  EXPECT_NEAR(game.step->finish().terms.at("spread"), 0.5, 1e-6);
}

TEST(AdversarialStep, BeforeItBeginsTheSupervisedLossIsAlone) {
  AdversaryOptions options;
  options.weight = 0.5;
  options.begins = 0.3;
  Game game(options);
  const StepResult result = game.play(0.29);
  EXPECT_EQ(game.v(), 1);
  EXPECT_NEAR(game.w(), 0.25 + 0.1 * 2, 1e-6);
  EXPECT_FALSE(result.terms.contains("adversarial"));
  game.play(0.3);
  EXPECT_NE(game.v(), 1);
}

TEST(AdversarialStep, TheDiscriminatorMovesSeveralTimesForOneOfTheGenerator) {
  AdversaryOptions options = from_the_start(0);
  options.critic_steps = 3;
  Game alone(options);
  EXPECT_EQ(alone.step->batches_per_step(), 3);
  alone.play();
  EXPECT_NEAR(alone.w(), 0.25 + 0.1 * 2, 1e-6);  // the mean of three equal batches
  options.weight = 0.5;
  Game both(options);
  both.play();
  EXPECT_NEAR(both.v(), 1.15, 1e-6);
  EXPECT_NEAR(both.w(), 0.25 + 0.1 * (2 + 0.5 * 2 * 1.15), 1e-6);
}

// The mean logit of eight voxels has the slope v/8 at each: its squared norm is v²/8, R1 is half of it.
TEST(AdversarialStep, R1IsAddedWhenItIsDue) {
  AdversaryOptions options = from_the_start();
  options.r1 = 4;
  options.r1_every = 2;
  Game game(options);
  const StepResult first = game.play();
  EXPECT_NEAR(first.terms.at("discriminator_loss"), -0.5 + 4 * 2 * 0.5 / 8, 1e-6);
  EXPECT_NEAR(game.v(), 1 - 0.1 * (-0.5 + 4 * 2 / 8.0), 1e-6);
  const double made = 2 * game.w(), v = game.v();
  EXPECT_NEAR(game.play().terms.at("discriminator_loss"), v * (made - 1), 1e-6);
}

// The gradient's norm is |v| / √8 wherever it is taken.
TEST(AdversarialStep, GradientPenaltyIsAddedAlways) {
  AdversaryOptions options = from_the_start();
  options.gradient_penalty = 10;
  Game game(options);
  const double flat = 1 / std::sqrt(8.0) - 1;
  EXPECT_NEAR(game.play().terms.at("discriminator_loss"), -0.5 + 10 * flat * flat, 1e-5);
}

TEST(AdversarialStep, FeatureMatchingPullsTheGenerator) {
  AdversaryOptions options = from_the_start(1e-9);
  options.feature_matching = 3;
  Game game(options);
  game.play();  // the features are the images: |2 w − 1| has the slope −2
  EXPECT_NEAR(game.w(), 0.25 + 0.1 * (2 + 3 * 2), 1e-5);
}

TEST(AdversarialStep, DivergenceOfEitherChangesTheGeneratorNotAtAll) {
  Game game(from_the_start(), "wasserstein", {.ema_decay = 0.5});
  EXPECT_TRUE(game.play(0.5, 0.1, std::numeric_limits<double>::quiet_NaN()).diverged);
  EXPECT_EQ(game.w(), 0.25);
  EXPECT_EQ(game.v(), 1);
  EXPECT_FALSE(game.play().diverged);
}

TEST(AdversarialStep, StateHoldsBothPlayersAndGoesOnExactly) {
  AdversaryOptions options = from_the_start();
  options.r1 = 1;
  options.r1_every = 3;
  options.gradient_penalty = 1;
  Game whole(options, "least_squares", {.ema_decay = 0.9});
  for (int i = 0; i < 6; ++i) whole.play();
  Game begun(options, "least_squares", {.ema_decay = 0.9}), resumed(options, "least_squares", {.ema_decay = 0.9});
  for (int i = 0; i < 2; ++i) begun.play();
  NamedTensors saved;
  for (const auto& [name, tensor] : begun.step->state()) saved.emplace(name, tensor.clone());
  EXPECT_TRUE(saved.contains("discriminator/weights/slope"));
  resumed.step->load(saved);
  resumed.batches = begun.batches;
  for (int i = 0; i < 4; ++i) resumed.play();
  for (const auto& [name, tensor] : whole.step->state())
    EXPECT_TRUE(tensor.equal(resumed.step->state().at(name))) << name;
  NamedTensors torn = saved;
  torn.erase("discriminator/weights/slope");
  EXPECT_THROW(resumed.step->load(torn), core::UserError);
  torn = saved;
  torn.erase("adversary/critic_updates");
  EXPECT_THROW(resumed.step->load(torn), core::UserError);
}

TEST(AdversarialStep, EvaluatesWithTheGeneratorsMovingAverage) {
  Game game(from_the_start(), "wasserstein", {.ema_decay = 0.5});
  game.play();
  const double trained = game.w();
  {
    const EvaluationScope evaluation(*game.step);
    EXPECT_NEAR(game.w(), (0.25 + trained) / 2, 1e-6);
    EXPECT_FALSE(game.generator->is_training());
  }
  EXPECT_EQ(game.w(), trained);
}

TEST(AdversarialStep, RefusesWhatCannotBePlayed) {
  EXPECT_THROW(Game({}, "wasserstein", {.accumulate = 2}), core::UserError);
  AdversaryOptions options = from_the_start();
  options.r1 = 1;
  EXPECT_THROW(Game(options, "multiscale_l1", {}, false), core::UserError);  // no logits for R1
  EXPECT_THROW(Game(from_the_start(), "hinge", {}, false), core::UserError);
}

TEST(AdversarialStep, TheDiscriminatorCanBeTrainedAfterTheGenerator) {
  Game game(from_the_start());
  game.play();
  EXPECT_TRUE(game.discriminator->slope.requires_grad());
  const double before = game.v();
  game.play();
  EXPECT_NE(game.v(), before);
}

}  // namespace
}  // namespace medvol::trainers
