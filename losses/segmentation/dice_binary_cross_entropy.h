#pragma once
#include <optional>
#include <vector>

#include "framework/config/fields.h"
#include "losses/loss.h"

namespace medvol::losses {

struct DiceBinaryCrossEntropyOptions {
  double dice_weight = 1, cross_entropy_weight = 1;
  double smooth = 1e-5;
  std::optional<bool> batch_dice = {};

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("dice_weight", dice_weight, "factor of the soft Dice term", config::at_least(0));
    visit("cross_entropy_weight", cross_entropy_weight, "factor of the cross-entropy term", config::at_least(0));
    visit("smooth", smooth, "added to numerator and denominator of Dice (nnU-Net: 1e-5)", config::at_least(0));
    visit("batch_dice", batch_dice, "one Dice over the whole batch instead of one a sample; unset: as the plan says");
  }
};

/// nnU-Net's loss of regions that may overlap (DC_and_BCE_loss), w_bce · BCE − w_dice · Dice, each channel a region of
/// its own with sigmoid p and truth g:
///   Dice = soft_dice of all channels (losses/segmentation/dice.h)
///   BCE  = weighted mean over voxels of the mean over channels of −g log p − (1 − g) log(1 − p)
/// A voxel belongs to a region when its label is one of the region's; without regions each class, background included,
/// is one. Labels may exceed the number of channels.
class DiceBinaryCrossEntropy : public Loss {
 public:
  DiceBinaryCrossEntropy(const DiceBinaryCrossEntropyOptions& options, const LossContext& context);
  bool takes_regions() const override { return true; }
  torch::Tensor operator()(const torch::Tensor& logits, const torch::Tensor& target,
                           const torch::Tensor& weight) const override;

 private:
  torch::Tensor truth(const torch::Tensor& target, const torch::Tensor& like) const;

  DiceBinaryCrossEntropyOptions options_;
  std::vector<std::vector<int64_t>> regions_;
  BatchSum batch_sum_;
};

}  // namespace medvol::losses
