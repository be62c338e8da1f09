#pragma once
#include <memory>
#include <vector>

#include <torch/types.h>
#include "framework/registry/registry.h"

namespace medvol::losses {

/// What a discriminator said of a batch: logits of each scale (above 0: real) and the features behind them.
struct CriticOutput {
  std::vector<torch::Tensor> logits;
  std::vector<std::vector<torch::Tensor>> features;
};

/// The two sides of an adversarial game. Both are minimised, each by its own player. Scales are averaged.
class AdversarialLoss {
 public:
  virtual ~AdversarialLoss() = default;
  virtual torch::Tensor discriminator(const CriticOutput& real, const CriticOutput& fake) const = 0;
  /// `real` is of the same batch and carries no gradient; relativistic and feature losses compare with it.
  virtual torch::Tensor generator(const CriticOutput& real, const CriticOutput& fake) const = 0;
};

using AdversarialLossRegistry = registry::Registry<std::unique_ptr<AdversarialLoss>>;
using AdversarialLossChoice = registry::Choice<std::unique_ptr<AdversarialLoss>>;

}  // namespace medvol::losses
