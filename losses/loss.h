#pragma once
#include <functional>
#include <memory>
#include <vector>

#include <torch/types.h>
#include "framework/registry/registry.h"

namespace medvol::losses {

/// Sums over all processes that share a batch, forward and backward; empty: there is one.
using BatchSum = std::function<torch::Tensor(const torch::Tensor&)>;

/// What a loss takes from the plan.
struct LossContext {
  bool batch_dice = false;  ///< sum over the batch before the ratio (plan.batch_dice)
  /// Labels of each output where outputs are regions that may overlap, a sigmoid each; empty: a softmax over labels.
  std::vector<std::vector<int64_t>> regions = {};
  /// Of what is summed over the batch before a ratio. Means over samples or voxels need none: each process weighs its
  /// own by its samples (as nnU-Net does, so voxels count differently between processes where an ignore label or
  /// class weights leave them different numbers).
  BatchSum batch_sum = {};
};

/// A differentiable objective of logits against a label map.
class Loss {
 public:
  virtual ~Loss() = default;
  /// Whether it can compare outputs that are regions (LossContext::regions).
  virtual bool takes_regions() const { return false; }
  /// logits: [N, K, (D,) H, W], any floating type (computed in float32); target: [N, (D,) H, W] int64 in 0..K-1;
  /// weight: same shape as target, float32, how much each voxel counts (undefined tensor: one everywhere). Masks, the
  /// ignore label and class weights all come in through it, made by losses/composite. Returns a scalar.
  virtual torch::Tensor operator()(const torch::Tensor& logits, const torch::Tensor& target,
                                   const torch::Tensor& weight) const = 0;
};

using LossRegistry = registry::Registry<std::unique_ptr<Loss>, const LossContext&>;
using LossChoice = registry::Choice<std::unique_ptr<Loss>, const LossContext&>;

}  // namespace medvol::losses
