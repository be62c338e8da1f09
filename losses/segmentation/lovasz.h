#pragma once
#include <optional>

#include "framework/config/fields.h"
#include "losses/loss.h"

namespace medvol::losses {

struct LovaszOptions {
  double cross_entropy_weight = 0;
  bool include_background = true;
  std::optional<bool> batch = {};

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("cross_entropy_weight", cross_entropy_weight,
          "factor of an added cross-entropy; Berman et al. only fine-tune with the bare Lovász-softmax",
          config::at_least(0));
    visit("include_background", include_background, "whether class 0 counts");
    visit("batch", batch, "one IoU over the whole batch instead of one a sample; unset: as the plan says of Dice");
  }
};

/// Lovász-softmax (Berman, Rannen Triki and Blaschko, CVPR 2018): a convex surrogate of 1 − IoU, the mean over the
/// classes that are present of Σ_i e_i ΔJ_i, with the errors e = |g − p| in descending order and ΔJ_i the growth of the
/// Jaccard loss when the i-th voxel joins the mispredicted ones. A voxel's weight counts it so many times over.
class Lovasz : public Loss {
 public:
  Lovasz(const LovaszOptions& options, const LossContext& context);
  torch::Tensor operator()(const torch::Tensor& logits, const torch::Tensor& target,
                           const torch::Tensor& weight) const override;

 private:
  LovaszOptions options_;
};

}  // namespace medvol::losses
