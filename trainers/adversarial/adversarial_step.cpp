#include "trainers/adversarial/adversarial_step.h"

#include <cmath>

#include "framework/core/error.h"
#include "framework/runtime/stopwatch.h"
#include "losses/adversarial/feature_matching.h"
#include "losses/adversarial/penalties.h"

namespace medvol::trainers {
namespace {

/// While it lives, the discriminator's parameters gather no gradient.
class Frozen {
 public:
  explicit Frozen(torch::nn::Module& module) : parameters_(module.parameters()) { set(false); }
  ~Frozen() { set(true); }
  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;

 private:
  void set(bool wanted) {
    for (torch::Tensor& parameter : parameters_) parameter.requires_grad_(wanted);
  }
  std::vector<torch::Tensor> parameters_;
};

/// Ties count half: a critic that says the same of everything is right half the time.
double accuracy(const std::vector<torch::Tensor>& real, const std::vector<torch::Tensor>& made) {
  double sum = 0;
  for (size_t scale = 0; scale < real.size(); ++scale) {
    const torch::Tensor threshold = (real[scale].mean() + made[scale].mean()) / 2;
    sum +=
        0.5 + 0.25 * ((real[scale] - threshold).sign().mean() + (threshold - made[scale]).sign().mean()).item<double>();
  }
  return sum / static_cast<double>(real.size());
}

}  // namespace

AdversarialStep::AdversarialStep(AdversarialParts parts, int64_t dimensions, const runtime::ExecutionContext& context,
                                 const StepOptions& step, const AdversaryOptions& adversary)
    : parts_(std::move(parts)),
      dimensions_(dimensions),
      context_(context),
      options_(adversary),
      generator_(parts_.generator, std::move(parts_.generator_optimizer), context.device,
                 {.gradient_clip = step.gradient_clip, .ema_decay = step.ema_decay}),
      discriminator_(parts_.discriminator, std::move(parts_.discriminator_optimizer), context.device,
                     {.gradient_clip = adversary.gradient_clip}),
      critic_updates_(torch::zeros({1}, torch::kInt64)) {
  if (step.accumulate != 1)
    throw core::UserError("an adversarial training cannot accumulate batches", "trainer.accumulate",
                          "the discriminator moves with every batch: use a larger plan.batch_size");
  if (options_.weight > 0) check_game();
}

void AdversarialStep::check_game() {
  const torch::NoGradGuard no_grad;
  std::vector<int64_t> size{1, parts_.judged.in_channels};
  size.insert(size.end(), parts_.judged.patch_size.begin(), parts_.judged.patch_size.end());
  parts_.discriminator->eval();  // no statistics are gathered
  const losses::CriticOutput of_nothing = judge(torch::zeros(size, context_.device));
  parts_.discriminator->train();
  parts_.adversarial->discriminator(of_nothing, of_nothing);
  if ((options_.r1 > 0 || options_.gradient_penalty > 0) && of_nothing.logits.empty())
    throw core::UserError("this discriminator has no logits that a gradient penalty could be taken of",
                          "trainer.adversary", "set trainer.adversary.r1 and gradient_penalty to 0");
}

void AdversarialStep::begin(const StepClock& clock) {
  clock_ = clock;
  result_ = {};
  batches_ = 0;
}

torch::Tensor AdversarialStep::score(const torch::Tensor& image) const {
  const networks::Judgement judgement = parts_.discriminator->forward(image);
  torch::Tensor sum;
  for (const torch::Tensor& logits : judgement.logits) {
    const torch::Tensor mean = logits.to(torch::kFloat32).flatten(1).mean(1);
    sum = sum.defined() ? sum + mean : mean;
  }
  return sum / static_cast<double>(judgement.logits.size());
}

torch::Tensor AdversarialStep::penalties(const torch::Tensor& real, const torch::Tensor& made, int64_t batch) const {
  torch::Tensor sum = torch::zeros({}, real.options());
  if (options_.r1 > 0 && critic_updates_.item<int64_t>() % options_.r1_every == 0) {
    const torch::Tensor judged = real.detach().clone().requires_grad_(true);
    sum = sum + options_.r1 * static_cast<double>(options_.r1_every) * losses::r1_penalty(score(judged), judged);
  }
  if (options_.gradient_penalty > 0)
    sum = sum + options_.gradient_penalty *
                    losses::gradient_penalty([&](const torch::Tensor& x) { return score(x); }, real, made,
                                             context_.generator(runtime::purpose_adversary, uint64_t(batch)));
  return sum;
}

losses::CriticOutput AdversarialStep::judge(const torch::Tensor& image) const {
  const runtime::AutocastGuard autocast(context_);
  networks::Judgement judgement = parts_.discriminator->forward(image);
  for (torch::Tensor& logits : judgement.logits) logits = logits.to(torch::kFloat32);
  return {std::move(judgement.logits), std::move(judgement.features)};
}

void AdversarialStep::accumulate(const StepBatch& batch) {
  runtime::Stopwatch watch;
  StepBatch ready = on_device(batch, dimensions_, context_);
  if (parts_.prepare) ready = parts_.prepare(ready);
  const bool plays = adversary_plays(), last = ++batches_ == options_.critic_steps;
  std::vector<torch::Tensor> heads;
  {
    const torch::AutoGradMode gradient(!plays || last);
    const runtime::AutocastGuard autocast(context_);
    heads = parts_.generator->forward(ready.images);
  }
  result_.times.forward += watch.restart();
  const torch::Tensor real = plays ? parts_.real(ready) : torch::Tensor();
  if (plays) {
    torch::Tensor made;
    {
      const torch::NoGradGuard no_grad;
      made = parts_.made(ready, heads.front().to(torch::kFloat32)).detach();
    }
    train_discriminator(real, made, batch.index);
  }
  // Alone, the generator takes every batch of the step; with an adversary, the last one.
  if (!plays)
    train_generator(ready, heads, real, 1.0 / static_cast<double>(options_.critic_steps));
  else if (last)
    train_generator(ready, heads, real, 1);
  result_.times.backward += watch.restart();
}

void AdversarialStep::train_discriminator(const torch::Tensor& real, const torch::Tensor& made, int64_t batch) {
  const losses::CriticOutput of_real = judge(real), of_made = judge(made);
  const torch::Tensor loss = parts_.adversarial->discriminator(of_real, of_made) + penalties(real, made, batch);
  loss.backward();
  const double norm = discriminator_.gradient_norm(), value = loss.item<double>();
  if (!std::isfinite(value) || !std::isfinite(norm)) {
    result_.diverged = true;
    discriminator_.zero_gradient();
    return;
  }
  discriminator_.update(clock_.rate_factor, norm);
  critic_updates_ += 1;
  result_.terms["discriminator_loss"] = value;
  result_.terms["discriminator_gradient_norm"] = norm;
  if (!of_real.logits.empty()) result_.terms["discriminator_accuracy"] = accuracy(of_real.logits, of_made.logits);
  const torch::NoGradGuard no_grad;
  result_.terms["spread"] = (made.std() / real.std().clamp_min(1e-12)).item<double>();
}

void AdversarialStep::train_generator(const StepBatch& ready, const std::vector<torch::Tensor>& heads,
                                      const torch::Tensor& real, double share) {
  torch::Tensor loss = parts_.supervised(heads, ready.target) * share;
  result_.terms["supervised"] += loss.item<double>();
  if (real.defined()) {
    const Frozen frozen(*parts_.discriminator);
    losses::CriticOutput of_real;
    {
      const torch::NoGradGuard no_grad;
      of_real = judge(real);
    }
    const losses::CriticOutput of_made = judge(parts_.made(ready, heads.front().to(torch::kFloat32)));
    const torch::Tensor adversarial = parts_.adversarial->generator(of_real, of_made);
    result_.terms["adversarial"] = adversarial.item<double>();
    loss = loss + options_.weight * adversarial;
    if (options_.feature_matching > 0)
      loss = loss + options_.feature_matching * losses::feature_matching(of_real.features, of_made.features);
    loss.backward();
  } else {
    loss.backward();
  }
  result_.loss += loss.item<double>();
}

StepResult AdversarialStep::finish() {
  MEDVOL_CHECK(batches_ == options_.critic_steps, "a step of {} batches got {}", options_.critic_steps, batches_);
  runtime::Stopwatch watch;
  generator_.finish(clock_.rate_factor, result_);
  result_.times.update = watch.seconds();
  return result_;
}

NamedTensors AdversarialStep::state() {
  NamedTensors all = generator_.state();
  add_prefixed(all, "discriminator/", discriminator_.state());
  all.emplace("adversary/critic_updates", critic_updates_);
  return all;
}

void AdversarialStep::load(const NamedTensors& state) {
  generator_.load(state);
  discriminator_.load(with_prefix(state, "discriminator/"));
  const auto updates = state.find("adversary/critic_updates");
  if (updates == state.end())
    throw core::UserError("the checkpoint knows no discriminator", "checkpoint", "it was written by another trainer");
  critic_updates_.copy_(updates->second);
}

}  // namespace medvol::trainers
