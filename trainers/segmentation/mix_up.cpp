#include "trainers/segmentation/mix_up.h"

#include <cmath>

#include "framework/runtime/philox.h"

namespace medvol::trainers {
namespace {

/// Beta(alpha, alpha), by Jöhnk's method: few draws are refused for an alpha up to 2.
double draw_beta(double alpha, runtime::Philox& random) {
  while (true) {
    const double x = std::pow(random.uniform(), 1 / alpha), y = std::pow(random.uniform(), 1 / alpha);
    if (x + y > 0 && x + y <= 1) return x / (x + y);
  }
}

}  // namespace

StepBatch mixed_up(const StepBatch& batch, const MixUpOptions& options, uint64_t seed) {
  const int64_t samples = batch.images.size(0);
  runtime::Philox random(seed, runtime::purpose_mix_up, static_cast<uint64_t>(batch.index));
  if (samples < 2 || !random.bernoulli(options.probability)) return batch;
  StepBatch mixed = batch;
  mixed.share = draw_beta(options.alpha, random);
  const auto places = static_cast<int64_t>(1 + random.below(static_cast<uint64_t>(samples - 1)));
  mixed.images = torch::lerp(batch.images.roll(places, 0), batch.images, mixed.share);
  mixed.partner = batch.target.roll(places, 0);
  return mixed;
}

}  // namespace medvol::trainers
