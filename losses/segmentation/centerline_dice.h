#pragma once
#include <optional>

#include "framework/config/fields.h"
#include "losses/loss.h"

namespace medvol::losses {

/// Differentiable skeleton of x: [N, K, (D,) H, W] in 0..1, by `iterations` rounds of erosion, each keeping what an
/// opening would lose (Shit et al., CVPR 2021, algorithm 1). Erosion is the minimum over the cross of direct
/// neighbours, dilation the maximum over the cube.
torch::Tensor soft_skeleton(torch::Tensor x, int64_t iterations);

struct CenterlineDiceOptions {
  double alpha = 0.5;
  int64_t iterations = 3;
  double smooth = 1;
  bool include_background = false;
  std::optional<bool> batch_dice = {};

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("alpha", alpha, "share of clDice, the rest being soft Dice (Shit et al.: up to 0.5)", config::between(0, 1));
    visit("iterations", iterations, "of the skeleton: the largest radius of the vessels, in voxels",
          config::at_least(0));
    visit("smooth", smooth, "added to numerators and denominators", config::at_least(0));
    visit("include_background", include_background, "whether class 0 counts");
    visit("batch_dice", batch_dice, "one ratio over the whole batch instead of one a sample; unset: as the plan says");
  }
};

/// clDice of tubes (Shit et al., CVPR 2021): (1 − α)(1 − soft Dice) + α (1 − 2 T_p T_s / (T_p + T_s)), the mean over
/// classes (and samples). With softmax p, truth g and soft skeletons S:
///   T_p = (Σ w S(p) g + s) / (Σ w S(p) + s)     how much of the predicted centre line lies in the truth
///   T_s = (Σ w S(g) p + s) / (Σ w S(g) + s)     how much of the true centre line is found
/// Voxels of weight 0 are empty in both before skeletons are drawn. 2D and 3D.
class CenterlineDice : public Loss {
 public:
  CenterlineDice(const CenterlineDiceOptions& options, const LossContext& context);
  torch::Tensor operator()(const torch::Tensor& logits, const torch::Tensor& target,
                           const torch::Tensor& weight) const override;

 private:
  CenterlineDiceOptions options_;
  BatchSum batch_sum_;
};

}  // namespace medvol::losses
