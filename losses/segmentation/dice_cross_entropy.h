#pragma once
#include <optional>

#include "framework/config/fields.h"
#include "losses/loss.h"

namespace medvol::losses {

struct DiceCrossEntropyOptions {
  double dice_weight = 1, cross_entropy_weight = 1;
  double smooth = 1e-5;
  bool include_background = false;
  std::optional<bool> batch_dice = {};
  double label_smoothing = 0;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("dice_weight", dice_weight, "factor of the soft Dice term", config::at_least(0));
    visit("cross_entropy_weight", cross_entropy_weight, "factor of the cross-entropy term", config::at_least(0));
    visit("smooth", smooth, "added to numerator and denominator of Dice (nnU-Net: 1e-5)", config::at_least(0));
    visit("include_background", include_background, "whether Dice counts class 0");
    visit("batch_dice", batch_dice, "one Dice over the whole batch instead of one a sample; unset: as the plan says");
    visit("label_smoothing", label_smoothing, "share of the target spread over all classes, in cross-entropy only",
          config::below(0, 1));
  }
};

/// nnU-Net's loss, w_ce · CE − w_dice · Dice (Isensee et al. 2021; DC_and_CE_loss). With softmax p and voxel weights w,
///   Dice = soft_dice (losses/segmentation/dice.h)
///   CE   = Σ w (−log p_target) / Σ w
class DiceCrossEntropy : public Loss {
 public:
  DiceCrossEntropy(const DiceCrossEntropyOptions& options, const LossContext& context);
  torch::Tensor operator()(const torch::Tensor& logits, const torch::Tensor& target,
                           const torch::Tensor& weight) const override;

 private:
  DiceCrossEntropyOptions options_;
  BatchSum batch_sum_;
};

}  // namespace medvol::losses
