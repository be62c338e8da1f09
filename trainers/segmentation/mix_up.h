#pragma once
#include <cstdint>

#include "framework/config/fields.h"
#include "trainers/step/step.h"

namespace medvol::trainers {

struct MixUpOptions {
  double probability = 0, alpha = 0.2;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("probability", probability, "share of batches that are mixed", config::between(0, 1));
    visit("alpha", alpha,
          "of Beta(alpha, alpha), from which the share of the sample itself is drawn: the smaller, the "
          "less is mixed",
          {.minimum = 0, .maximum = 2, .above_minimum = true});
  }
};

/// Mix-up (Zhang et al. 2018, arXiv:1710.09412), as its authors' program does it: each sample of the batch becomes
/// share · itself + (1 − share) · another one, and so does its loss, with one share for the batch; the others are the
/// batch turned round by a drawn number of places. A batch of one stays as it is. A function of (seed, batch's index).
StepBatch mixed_up(const StepBatch& batch, const MixUpOptions& options, uint64_t seed);

}  // namespace medvol::trainers
