#pragma once
#include <optional>

#include "framework/config/fields.h"
#include "losses/loss.h"

namespace medvol::losses {

/// −log p of the target in every voxel: [N, K, …] log-probabilities and [N, …] int64 → [N, …]. `label_smoothing`: the
/// share of the target that is spread over all classes.
torch::Tensor cross_entropy(const torch::Tensor& log_probabilities, const torch::Tensor& target,
                            double label_smoothing = 0);

struct FocalOptions {
  double gamma = 2;
  std::optional<double> alpha = 0.25;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("gamma", gamma, "how fast easy voxels fade (Lin et al.: 2); 0 is cross-entropy", config::at_least(0));
    visit("alpha", alpha, "weight of the classes above 0, class 0 taking 1 - alpha (Lin et al.: 0.25); null: 1 each",
          config::between(0, 1));
  }
};

/// Focal loss (Lin et al., ICCV 2017) of the softmax: the weighted mean over voxels of −α_t (1 − p_t)^γ log p_t, where
/// p_t is the probability of the target.
class Focal : public Loss {
 public:
  Focal(const FocalOptions& options, const LossContext& context);
  torch::Tensor operator()(const torch::Tensor& logits, const torch::Tensor& target,
                           const torch::Tensor& weight) const override;

 private:
  FocalOptions options_;
};

struct TopKCrossEntropyOptions {
  double share = 0.1;
  double dice_weight = 0;
  double smooth = 1e-5;
  std::optional<bool> batch_dice = {};

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("share", share, "of the counted voxels, those of the highest cross-entropy (nnU-Net: 0.1)",
          {.minimum = 0, .maximum = 1, .above_minimum = true});
    visit("dice_weight", dice_weight, "factor of 1 - soft Dice, which sees every voxel (nnU-Net's variant: 1)",
          config::at_least(0));
    visit("smooth", smooth, "of Dice, added to numerator and denominator", config::at_least(0));
    visit("batch_dice", batch_dice, "one Dice over the whole batch instead of one a sample; unset: as the plan says");
  }
};

/// Cross-entropy of the worst voxels alone (Wu et al., "Bridging category-level and instance-level semantic image
/// segmentation", 2016; nnU-Net's TopKLoss): with voxels ordered by w · CE over the whole batch, the weighted mean of
/// the first share · (number of voxels that count), rounded down, one at least.
class TopKCrossEntropy : public Loss {
 public:
  TopKCrossEntropy(const TopKCrossEntropyOptions& options, const LossContext& context);
  torch::Tensor operator()(const torch::Tensor& logits, const torch::Tensor& target,
                           const torch::Tensor& weight) const override;

 private:
  TopKCrossEntropyOptions options_;
  BatchSum batch_sum_;
};

}  // namespace medvol::losses
