#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "framework/config/fields.h"
#include "losses/adversarial_loss.h"
#include "networks/discriminator.h"
#include "trainers/step/training_step.h"

namespace medvol::trainers {

/// How a discriminator joins a training.
struct AdversaryOptions {
  double weight = 0.01;
  double begins = 0.3;
  int64_t critic_steps = 1;
  double feature_matching = 0;
  double r1 = 0;
  int64_t r1_every = 16;
  double gradient_penalty = 0;
  double gradient_clip = 0;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("weight", weight,
          "of the adversarial loss beside the supervised one; 0: no adversary, the same network alone",
          config::at_least(0));
    visit("begins", begins, "share of the training before the adversary joins: until then the supervised loss alone",
          config::between(0, 1));
    visit("critic_steps", critic_steps, "updates of the discriminator for one of the generator (n_critic)",
          config::at_least(1));
    visit("feature_matching", feature_matching, "weight of the L1 distance of the discriminator's features (pix2pixHD)",
          config::at_least(0));
    visit("r1", r1, "weight of the R1 gradient penalty on real images (Mescheder et al. 2018)", config::at_least(0));
    visit("r1_every", r1_every, "discriminator updates between two R1 penalties, which then counts so many times more",
          config::at_least(1));
    visit("gradient_penalty", gradient_penalty, "weight of WGAN-GP's penalty (Gulrajani et al. 2017: 10)",
          config::at_least(0));
    visit("gradient_clip", gradient_clip, "largest L2 norm of the discriminator's gradient; 0: unlimited",
          config::at_least(0));
  }
};

/// What an adversarial step works with. `made` and `real` say what the discriminator judges: a condition may be joined
/// to both.
struct AdversarialParts {
  std::shared_ptr<networks::Network> generator;
  std::shared_ptr<networks::Discriminator> discriminator;
  networks::DiscriminatorShape judged;  ///< what it was built for
  std::unique_ptr<Optimizer> generator_optimizer, discriminator_optimizer;
  std::unique_ptr<losses::AdversarialLoss> adversarial;
  Objective supervised;
  Prepare prepare;  ///< may be empty
  std::function<torch::Tensor(const StepBatch& ready)> real;
  std::function<torch::Tensor(const StepBatch& ready, const torch::Tensor& finest_head)> made;
};

/// Two players on one batch (Goodfellow et al. 2014): the discriminator learns to tell real from made, the generator
/// follows its supervised loss and the discriminator's. Before `begins` the supervised loss is alone. The log's terms:
/// supervised and adversarial part, discriminator's loss, gradient norm and accuracy (at the threshold halfway between
/// the mean logits of real and made, since relative losses know no zero; absent for critics without logits), and
/// spread, the standard deviation of what is made over that of what is real: towards 0 when the generator collapses.
class AdversarialStep : public Step {
 public:
  /// Throws core::UserError when `step.accumulate` is not 1, as the discriminator moves with every batch, and when the
  /// discriminator gives nothing that the game is played with.
  AdversarialStep(AdversarialParts parts, int64_t dimensions, const runtime::ExecutionContext& context,
                  const StepOptions& step, const AdversaryOptions& adversary);

  int64_t batches_per_step() const override { return options_.critic_steps; }
  void begin(const StepClock& clock) override;
  void accumulate(const StepBatch& batch) override;
  StepResult finish() override;

  /// The generator's as any step's; the discriminator's under discriminator/.
  NamedTensors state() override;
  void load(const NamedTensors& state) override;
  NamedTensors prediction_weights() override { return generator_.prediction_weights(); }
  void begin_evaluation() override { generator_.begin_evaluation(); }
  void end_evaluation() override { generator_.end_evaluation(); }

 private:
  /// Throws core::UserError, before any step, where discriminator, game and penalties do not fit each other.
  void check_game();
  bool adversary_plays() const { return options_.weight > 0 && clock_.progress >= options_.begins; }
  losses::CriticOutput judge(const torch::Tensor& image) const;
  /// The mean logit of each image over patches and scales, [N], in float32: penalties need second derivatives.
  torch::Tensor score(const torch::Tensor& image) const;
  /// R1 where it is due, and WGAN-GP's; 0 where neither is asked for.
  torch::Tensor penalties(const torch::Tensor& real, const torch::Tensor& made, int64_t batch) const;
  void train_discriminator(const torch::Tensor& real, const torch::Tensor& made, int64_t batch);
  void train_generator(const StepBatch& ready, const std::vector<torch::Tensor>& heads, const torch::Tensor& real,
                       double share);

  AdversarialParts parts_;
  int64_t dimensions_;
  runtime::ExecutionContext context_;
  AdversaryOptions options_;
  Learner generator_, discriminator_;
  torch::Tensor critic_updates_;  ///< int64 scalar: it decides when R1 is due, so it is part of the state
  StepClock clock_;
  StepResult result_;
  int64_t batches_ = 0;
};

}  // namespace medvol::trainers
