#include "trainers/session/trainer.h"

#include <algorithm>
#include <cmath>

#include "framework/core/error.h"
#include "framework/core/logging.h"
#include "framework/runtime/stop_signal.h"

namespace medvol::trainers {
namespace {

constexpr int64_t most_divergences = 3;
constexpr double smoothing = 0.95;

using Named = std::map<std::string, torch::Tensor>;

void put(storage::TensorArchive& archive, const std::string& prefix, const Named& tensors) {
  for (const auto& [name, tensor] : tensors) archive.tensors.emplace(prefix + name, tensor);
}

Named take(const storage::TensorArchive& archive, const std::string& prefix) {
  Named result;
  for (const auto& [name, tensor] : archive.tensors)
    if (name.rfind(prefix, 0) == 0) result.emplace(name.substr(prefix.size()), tensor);
  return result;
}

std::vector<int64_t> label_values(const plan::Plan& plan) {
  std::vector<int64_t> values;
  for (const auto& [value, name] : plan.labels) values.push_back(value);
  return values;
}

}  // namespace

Trainer::Trainer(const TrainerParts& parts, const TrainerOptions& options)
    : parts_(parts), options_(options), checkpointer_(parts.directory.checkpoints()), bar_("training") {
  if (!options_.max_steps && !options_.max_epochs && !options_.max_time)
    throw core::UserError("training has no end", "trainer",
                          "set trainer.max_epochs, trainer.max_steps or trainer.max_time");
}

const Progress& Trainer::run() {
  start();
  try {
    while (true) {
      if (validation_due()) validate_now();
      if (checkpoint_due()) checkpoint();
      if (finished()) break;
      stop_if_asked();
      train_step();
    }
    if (progress_.validated_step != progress_.step) validate_now();
  } catch (const core::Interrupted&) {
    bar_.finish();
    checkpoint();
    throw;
  }
  checkpoint();
  bar_.finish();
  for (Hook* hook : parts_.hooks) hook->finished(progress_);
  return progress_;
}

void Trainer::start() {
  if (const auto archive = checkpointer_.load_last()) restore(*archive);
  // A validation that was logged, but not yet in a checkpoint, is done again.
  parts_.directory.keep_in_log([&](const nlohmann::json& record) {
    const int64_t step = record.value("step", int64_t{0});
    return step <= progress_.step && (record.value("event", "") != "validation" || step <= progress_.validated_step);
  });
  events_.emplace(parts_.directory.root(), progress_.step > 0 ? std::optional(progress_.step) : std::nullopt);
  if (progress_.step > 0) core::log_info("resumed at step {}", progress_.step);
  clock_.restart();
  if (progress_.step == 0) checkpoint();  // a good state to go back to from the first step on
  saved_step_ = progress_.step;
  saved_seconds_ = progress_.seconds;
}

void Trainer::train_step() {
  runtime::Stopwatch step_clock;
  const int64_t first_batch = parts_.source.state();
  LoadTimes load;
  int64_t samples = 0;
  for (int64_t i = 0; i < parts_.step.batches_per_step(); ++i) {
    const datasets::Batch batch = next_batch();
    load.wait += batch.wait_seconds;
    load.augment += batch.make_seconds;
    samples += batch.images.size(0);
    parts_.step.accumulate(batch.images, batch.labels);
  }
  // The rate follows the clock where the length does, as it stood before the step.
  Progress now = progress_;
  now.seconds = seconds();
  const double learning_rate = parts_.optimizer.base_learning_rate() * parts_.schedule.factor(now.fraction(options_)) *
                               progress_.learning_rate_scale;
  const StepResult result = parts_.step.finish(learning_rate);
  if (result.diverged) return recover_from_divergence(result, first_batch);
  ++progress_.step;
  progress_.next_batch = parts_.source.state();
  progress_.smoothed_loss =
      progress_.step == 1 ? result.loss : smoothing * progress_.smoothed_loss + (1 - smoothing) * result.loss;
  settle_clock();
  record_step(result, learning_rate, load, step_clock.seconds(), samples);
}

datasets::Batch Trainer::next_batch() {
  while (true) {
    datasets::Batch batch = parts_.source.next();
    if (std::find(progress_.skipped_batches.begin(), progress_.skipped_batches.end(), batch.index) ==
        progress_.skipped_batches.end())
      return batch;
  }
}

void Trainer::record_step(const StepResult& result, double learning_rate, const LoadTimes& load, double step_seconds,
                          int64_t samples) {
  const double rate = static_cast<double>(samples) / step_seconds;
  parts_.directory.append({{"event", "step"},
                           {"step", progress_.step},
                           {"epoch", progress_.epoch(options_)},
                           {"loss", result.loss},
                           {"lr", learning_rate},
                           {"gradient_norm", result.gradient_norm},
                           {"samples_per_s", rate},
                           {"load_s", load.wait},
                           {"augment_s", load.augment},
                           {"forward_s", result.times.forward},
                           {"backward_s", result.times.backward},
                           {"update_s", result.times.update},
                           {"step_s", step_seconds}});
  events_->scalar("train/loss", progress_.step, result.loss);
  events_->scalar("train/learning_rate", progress_.step, learning_rate);
  events_->scalar("train/samples_per_s", progress_.step, rate);
  const auto percent = [&](double part) { return 100 * part / step_seconds; };
  bar_.update(
      progress_.fraction(options_),
      fmt::format(
          "step {} · loss {:.3f}{} · {:.1f} samples/s · load {:.0f} aug {:.0f} fwd {:.0f} bwd {:.0f} upd {:.0f} %",
          progress_.step, progress_.smoothed_loss, last_dice_ ? fmt::format(" · Dice {:.3f}", *last_dice_) : "", rate,
          percent(load.wait), percent(load.augment), percent(result.times.forward), percent(result.times.backward),
          percent(result.times.update)));
}

bool Trainer::validation_due() const {
  return progress_.step > progress_.validated_step &&
         crossed(options_.validate_every, options_.steps_per_epoch, progress_.validated_step, progress_.step,
                 progress_.validated_seconds, progress_.seconds);
}

bool Trainer::checkpoint_due() const {
  return progress_.step > saved_step_ && (progress_.validated_step == progress_.step ||
                                          crossed(options_.checkpoint_every, options_.steps_per_epoch, saved_step_,
                                                  progress_.step, saved_seconds_, progress_.seconds));
}

bool Trainer::finished() const {
  return progress_.finished(options_) ||
         (options_.early_stopping > 0 && progress_.validations_without_gain >= options_.early_stopping);
}

void Trainer::validate_now() {
  if (parts_.validation.count == 0) {  // fold=all holds nothing out
    progress_.validated_step = progress_.step;
    return;
  }
  const TrainingStep::EvaluationScope evaluation(parts_.step);
  const ValidationResult result = validate(
      parts_.predictor, parts_.validation, label_values(parts_.plan), parts_.policy, parts_.plan.ignore_label,
      [&](int64_t done) {
        bar_.update(progress_.fraction(options_),
                    fmt::format("step {} · validating case {} of {}", progress_.step, done, parts_.validation.count));
        stop_if_asked();
      });
  settle_clock();
  progress_.validated_step = progress_.step;
  progress_.validated_seconds = progress_.seconds;
  saved_step_ = -1;  // a checkpoint of this step knows nothing of its validation
  last_dice_ = result.mean_dice;
  const bool better =
      std::isfinite(result.mean_dice) && (!progress_.best_dice || result.mean_dice > *progress_.best_dice);
  progress_.validations_without_gain = better ? 0 : progress_.validations_without_gain + 1;
  if (better) {
    progress_.best_dice = result.mean_dice;
    progress_.best_step = progress_.step;
    checkpointer_.save_best(best_weights());
  }
  nlohmann::json dice = nlohmann::json::object();
  for (const auto& [label, value] : result.dice) {
    dice[std::to_string(label)] = value;
    events_->scalar("validation/dice_" + parts_.plan.labels.at(label), progress_.step, value);
  }
  events_->scalar("validation/mean_dice", progress_.step, result.mean_dice);
  parts_.directory.append({{"event", "validation"},
                           {"step", progress_.step},
                           {"epoch", progress_.epoch(options_)},
                           {"mean_dice", result.mean_dice},
                           {"dice", dice},
                           {"cases", result.cases},
                           {"missed", result.missed},
                           {"best", better}});
  for (Hook* hook : parts_.hooks) hook->validated(progress_, result);
}

storage::TensorArchive Trainer::everything() {
  storage::TensorArchive archive;
  put(archive, "weights/", parts_.step.weights());
  put(archive, "average/", parts_.step.average());
  put(archive, "optimizer/", parts_.optimizer.state());
  archive.metadata = {{"kind", "training"}, {"progress", progress_.to_json()}};
  return archive;
}

/// Called with the moving average in place where there is one: the weights are those that were validated.
storage::TensorArchive Trainer::best_weights() {
  storage::TensorArchive archive;
  put(archive, "weights/", parts_.step.weights());
  archive.metadata = {{"kind", "best"}, {"step", progress_.step}, {"mean_dice", *progress_.best_dice}};
  return archive;
}

void Trainer::checkpoint() {
  if (saved_step_ == progress_.step) return;
  settle_clock();
  parts_.directory.sync_log();
  checkpointer_.save_last(everything());
  saved_step_ = progress_.step;
  saved_seconds_ = progress_.seconds;
  for (Hook* hook : parts_.hooks) hook->checkpointed(progress_);
}

void Trainer::restore(const storage::TensorArchive& archive) {
  progress_ = Progress::from_json(archive.metadata.value("progress", nlohmann::json::object()));
  parts_.step.load_weights(take(archive, "weights/"));
  parts_.step.load_average(take(archive, "average/"));
  parts_.optimizer.load(take(archive, "optimizer/"));
  parts_.source.load(progress_.next_batch);
}

void Trainer::recover_from_divergence(const StepResult& result, int64_t first_batch) {
  const int64_t diverged_at = progress_.step + 1, last_batch = parts_.source.state();
  const int64_t count = progress_.divergences + 1;
  const double scale = progress_.learning_rate_scale / 2, used = seconds();
  std::vector<int64_t> skipped = progress_.skipped_batches;
  for (int64_t batch = first_batch; batch < last_batch; ++batch) skipped.push_back(batch);
  const std::string what = fmt::format("training diverged at step {} (loss {}, gradient norm {})", diverged_at,
                                       result.loss, result.gradient_norm);
  if (count >= most_divergences)
    throw core::UserError(
        what + ", for the third time", parts_.directory.root().string(),
        "lower optimizer.learning_rate, or look at the data with `medvol check`; the last good checkpoint is kept");
  const auto archive = checkpointer_.load_last();
  MEDVOL_CHECK(archive, "a checkpoint is written before the first step");
  restore(*archive);
  parts_.directory.cut_log_after(progress_.step);
  progress_.divergences = count;
  progress_.learning_rate_scale = scale;
  progress_.skipped_batches = skipped;
  progress_.seconds = used;
  clock_.restart();
  parts_.directory.append({{"event", "divergence"},
                           {"step", progress_.step},
                           {"diverged_at", diverged_at},
                           {"loss", result.loss},
                           {"count", count},
                           {"learning_rate_scale", scale}});
  core::log_warning("{}; back to step {}, learning rate halved, batch {} skipped", what, progress_.step, first_batch);
  saved_step_ = -1;
  checkpoint();
}

void Trainer::stop_if_asked() {
  if (!runtime::StopSignal::requested()) return;
  throw core::Interrupted(fmt::format("stopped at step {}; go on with: medvol train run.dir={} resume=true",
                                      progress_.step, parts_.directory.root().string()));
}

}  // namespace medvol::trainers
