#pragma once
#include <optional>

#include "framework/config/fields.h"
#include "losses/loss.h"
#include "losses/segmentation/class_sums.h"

namespace medvol::losses {

/// Soft Dice of a prediction and a reference, the mean over classes (and samples) of
///   (2 Σ w p g + s) / max(Σ w p + Σ w g + s, 1e-8)
/// prediction, reference: [N, K, …] in 0..1; weight: [N, …] or undefined. Returns a scalar in 0..1.
torch::Tensor soft_dice(const torch::Tensor& prediction, const torch::Tensor& reference, const torch::Tensor& weight,
                        double smooth, const ClassSumsOptions& options);

struct DiceOptions {
  double smooth = 1e-5;
  bool include_background = false;
  bool squared = false;
  std::optional<bool> batch_dice = {};

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("smooth", smooth, "added to numerator and denominator", config::at_least(0));
    visit("include_background", include_background, "whether class 0 counts");
    visit("squared", squared, "square the terms of the denominator (V-Net)");
    visit("batch_dice", batch_dice, "one Dice over the whole batch instead of one a sample; unset: as the plan says");
  }
};

/// 1 − soft Dice of the softmax (Drozdzal et al., DLMIA 2016; squared: V-Net, Milletari et al., 3DV 2016).
class Dice : public Loss {
 public:
  Dice(const DiceOptions& options, const LossContext& context);
  torch::Tensor operator()(const torch::Tensor& logits, const torch::Tensor& target,
                           const torch::Tensor& weight) const override;

 private:
  DiceOptions options_;
  BatchSum batch_sum_;
};

struct GeneralizedDiceOptions {
  double smooth = 1e-5;
  bool include_background = true;
  std::optional<bool> batch_dice = {};

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("smooth", smooth, "added to numerator and denominator", config::at_least(0));
    visit("include_background", include_background, "whether class 0 counts (Sudre et al.: yes)");
    visit("batch_dice", batch_dice, "one Dice over the whole batch instead of one a sample; unset: as the plan says");
  }
};

/// Generalised Dice (Sudre et al., DLMIA 2017): classes of any size pull alike. With v_l = 1 / (Σ w g_l)²,
///   1 − (2 Σ_l v_l Σ w p_l g_l + s) / (Σ_l v_l Σ w (p_l + g_l) + s)
/// An absent class takes the largest v of the classes that are present.
class GeneralizedDice : public Loss {
 public:
  GeneralizedDice(const GeneralizedDiceOptions& options, const LossContext& context);
  torch::Tensor operator()(const torch::Tensor& logits, const torch::Tensor& target,
                           const torch::Tensor& weight) const override;

 private:
  GeneralizedDiceOptions options_;
  BatchSum batch_sum_;
};

/// The formula above for a prediction that is probabilities already: [N, K, …]. Returns a scalar.
torch::Tensor generalized_dice_loss(const torch::Tensor& prediction, const torch::Tensor& reference,
                                    const torch::Tensor& weight, double smooth, const ClassSumsOptions& options);

}  // namespace medvol::losses
