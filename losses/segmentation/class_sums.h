#pragma once
#include <torch/types.h>

#include "losses/loss.h"

namespace medvol::losses {

/// One channel a class: [N, …] int64 → [N, K, …] of ones and zeros, with the shape and the type of `like`.
torch::Tensor one_hot(const torch::Tensor& target, const torch::Tensor& like);

/// The voxels of weight above 0 as [N, 1, …] of ones and zeros of `like`'s type; undefined for an undefined weight.
torch::Tensor counted_voxels(const torch::Tensor& weight, const torch::Tensor& like);

/// Weighted sums over space, a class each: [N, K], or [K] when the batch is summed too.
struct ClassSums {
  torch::Tensor both;        ///< Σ w p g
  torch::Tensor prediction;  ///< Σ w p, or Σ w p² when squared
  torch::Tensor reference;   ///< Σ w g, or Σ w g² when squared
};

struct ClassSumsOptions {
  bool include_background = false;  ///< whether class 0 is among the classes
  bool batch = false;               ///< sum over the batch too
  bool squared = false;
  BatchSum batch_sum = {};  ///< with `batch`: over all processes (LossContext)
};

/// prediction, reference: [N, K, …] in 0..1; weight: [N, …] or undefined.
ClassSums class_sums(const torch::Tensor& prediction, const torch::Tensor& reference, const torch::Tensor& weight,
                     const ClassSumsOptions& options);

}  // namespace medvol::losses
