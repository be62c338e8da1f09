#include "trainers/session/progress.h"

#include <algorithm>
#include <cmath>

#include "framework/core/error.h"

namespace medvol::trainers {

nlohmann::json Progress::to_json() const {
  nlohmann::json json{{"step", step},
                      {"next_batch", next_batch},
                      {"seconds", seconds},
                      {"validated_step", validated_step},
                      {"validated_seconds", validated_seconds},
                      {"best_step", best_step},
                      {"validations_without_gain", validations_without_gain},
                      {"divergences", divergences},
                      {"learning_rate_scale", learning_rate_scale},
                      {"skipped_batches", skipped_batches},
                      {"smoothed_loss", smoothed_loss},
                      {"best_score", nullptr}};
  if (best_score) json["best_score"] = *best_score;
  return json;
}

Progress Progress::from_json(const nlohmann::json& json) {
  try {
    Progress progress;
    json.at("step").get_to(progress.step);
    json.at("next_batch").get_to(progress.next_batch);
    json.at("seconds").get_to(progress.seconds);
    json.at("validated_step").get_to(progress.validated_step);
    json.at("validated_seconds").get_to(progress.validated_seconds);
    if (!json.at("best_score").is_null()) progress.best_score = json.at("best_score").get<double>();
    json.at("best_step").get_to(progress.best_step);
    json.at("validations_without_gain").get_to(progress.validations_without_gain);
    json.at("divergences").get_to(progress.divergences);
    json.at("learning_rate_scale").get_to(progress.learning_rate_scale);
    json.at("skipped_batches").get_to(progress.skipped_batches);
    json.at("smoothed_loss").get_to(progress.smoothed_loss);
    return progress;
  } catch (const nlohmann::json::exception& error) {
    throw core::UserError(std::string("its progress is incomplete: ") + error.what(), "checkpoint",
                          "it was written by another version of medvol");
  }
}

double Progress::fraction(const LengthOptions& length) const {
  double share = 0;
  if (length.max_steps) share = std::max(share, static_cast<double>(step) / static_cast<double>(*length.max_steps));
  if (length.max_epochs)
    share =
        std::max(share, static_cast<double>(step) / static_cast<double>(*length.max_epochs * length.steps_per_epoch));
  if (length.max_time) share = std::max(share, length.max_time->value > 0 ? seconds / length.max_time->value : 1.0);
  return std::min(share, 1.0);
}

bool crossed(const core::Length& every, int64_t steps_per_epoch, int64_t step_before, int64_t step_now,
             double seconds_before, double seconds_now) {
  if (every.value <= 0) return false;
  if (every.unit == core::Unit::seconds) return seconds_now - seconds_before >= every.value;
  const double period =
      every.unit == core::Unit::epochs ? every.value * static_cast<double>(steps_per_epoch) : every.value;
  return std::floor(static_cast<double>(step_now) / period) > std::floor(static_cast<double>(step_before) / period);
}

}  // namespace medvol::trainers
