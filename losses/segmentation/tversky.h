#pragma once
#include <optional>

#include "framework/config/fields.h"
#include "losses/loss.h"

namespace medvol::losses {

struct TverskyOptions {
  double false_positive_weight = 0.3, false_negative_weight = 0.7;
  double smooth = 1e-5;
  bool include_background = false;
  std::optional<bool> batch_dice = {};

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("false_positive_weight", false_positive_weight, "alpha of Salehi et al.; 0.5 with 0.5 is Dice",
          config::at_least(0));
    visit("false_negative_weight", false_negative_weight, "beta of Salehi et al.: higher finds more of small things",
          config::at_least(0));
    visit("smooth", smooth, "added to numerator and denominator", config::at_least(0));
    visit("include_background", include_background, "whether class 0 counts");
    visit("batch_dice", batch_dice, "one index over the whole batch instead of one a sample; unset: as the plan says");
  }
};

/// Tversky loss (Salehi et al., MLMI 2017): the mean over classes (and samples) of 1 − T, with softmax p and
///   T = (Σ w p g + s) / (Σ w p g + α Σ w p (1 − g) + β Σ w (1 − p) g + s)
class Tversky : public Loss {
 public:
  Tversky(const TverskyOptions& options, const LossContext& context);
  torch::Tensor operator()(const torch::Tensor& logits, const torch::Tensor& target,
                           const torch::Tensor& weight) const override;
  /// 1 − T of each class (and sample): [K] or [N, K].
  torch::Tensor each(const torch::Tensor& logits, const torch::Tensor& target, const torch::Tensor& weight) const;

 private:
  TverskyOptions options_;
  BatchSum batch_sum_;
};

struct FocalTverskyOptions : TverskyOptions {
  double gamma = 4.0 / 3;

  template <class Visitor>
  void fields(Visitor& visit) {
    TverskyOptions::fields(visit);
    visit("gamma", gamma, "1 is the Tversky loss; above it classes that lack much count more (Abraham and Khan: 4/3)",
          config::positive());
  }
};

/// Focal Tversky loss (Abraham and Khan, ISBI 2019): the mean over classes (and samples) of (1 − T)^(1/γ).
class FocalTversky : public Loss {
 public:
  FocalTversky(const FocalTverskyOptions& options, const LossContext& context);
  torch::Tensor operator()(const torch::Tensor& logits, const torch::Tensor& target,
                           const torch::Tensor& weight) const override;

 private:
  Tversky tversky_;
  double gamma_;
};

}  // namespace medvol::losses
