#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "framework/config/fields.h"
#include "framework/core/units.h"

namespace medvol::trainers {

/// How long to train: the first limit that is reached ends it, and progress is measured against it.
struct LengthOptions {
  std::optional<int64_t> max_epochs, max_steps;
  std::optional<core::Length> max_time;
  int64_t steps_per_epoch = 250;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("max_epochs", max_epochs, "end after so many epochs", config::at_least(1));
    visit("max_steps", max_steps, "end after so many optimiser steps", config::at_least(1));
    visit("max_time", max_time,
          "end after so much training time (90s, 10m, 2h), validation included; the schedule follows the clock");
    visit("steps_per_epoch", steps_per_epoch, "optimiser steps that count as one epoch (nnU-Net: 250)",
          config::at_least(1));
  }
};

/// All that has happened: the only mutable history of a run beside weights and optimiser. Saved in every checkpoint.
struct Progress {
  int64_t step = 0;            ///< optimiser steps done
  int64_t next_batch = 0;      ///< of the training source
  double seconds = 0;          ///< training time used, over all resumes
  int64_t validated_step = 0;  ///< step of the last validation
  double validated_seconds = 0;
  std::optional<double> best_score;  ///< of whole-case validation, higher is better
  int64_t best_step = 0;
  int64_t validations_without_gain = 0;
  int64_t divergences = 0;
  double learning_rate_scale = 1;  ///< halved by each divergence
  std::vector<int64_t> skipped_batches;
  double smoothed_loss = 0;  ///< moving average, for display

  nlohmann::json to_json() const;
  /// Throws core::UserError on a missing key.
  static Progress from_json(const nlohmann::json& json);

  int64_t epoch(const LengthOptions& length) const { return step / length.steps_per_epoch; }
  /// Share of the training that is done, in [0, 1]: the largest over the limits.
  double fraction(const LengthOptions& length) const;
  bool finished(const LengthOptions& length) const { return fraction(length) >= 1; }
};

/// Whether a period of `every` was crossed between two points of a run, each given in steps and seconds.
bool crossed(const core::Length& every, int64_t steps_per_epoch, int64_t step_before, int64_t step_now,
             double seconds_before, double seconds_now);

}  // namespace medvol::trainers
