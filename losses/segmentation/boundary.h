#pragma once
#include <optional>
#include <vector>

#include "framework/config/fields.h"
#include "losses/loss.h"

namespace medvol::losses {

struct BoundaryOptions {
  double region_weight = 1, boundary_weight = 0.01;
  bool include_background = false;
  std::vector<double> spacing = {};

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("region_weight", region_weight, "factor of the generalised Dice term", config::at_least(0));
    visit("boundary_weight", boundary_weight, "factor of the boundary term (Kervadec et al. begin at 0.01)",
          config::at_least(0));
    visit("include_background", include_background, "whether class 0 has a boundary of its own");
    visit("spacing", spacing, "distance between voxels along (z,) y, x; empty: 1", config::positive());
  }
};

/// Boundary loss (Kervadec et al., MIDL 2019) beside generalised Dice, without which an empty prediction would be its
/// optimum: w_r · GDL + w_b · mean over voxels and classes of φ p, with softmax p. φ is the distance to the reference's
/// boundary: d outside; −(d − smallest spacing) inside, so that the object's outermost voxels are at 0, as the authors
/// have it; 0 for a class that is absent. The distance counts voxels of the head that it is compared with.
class Boundary : public Loss {
 public:
  Boundary(const BoundaryOptions& options, const LossContext& context);
  torch::Tensor operator()(const torch::Tensor& logits, const torch::Tensor& target,
                           const torch::Tensor& weight) const override;

 private:
  BoundaryOptions options_;
  bool batch_dice_;
  BatchSum batch_sum_;
};

struct HausdorffOptions {
  double alpha = 2;
  double hausdorff_weight = 1;
  std::optional<double> dice_weight = {};
  bool include_background = false;
  std::vector<double> spacing = {};

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("alpha", alpha, "power of the distance (Karimi and Salcudean: 2)", config::positive());
    visit("hausdorff_weight", hausdorff_weight, "factor of the distance term", config::at_least(0));
    visit("dice_weight", dice_weight,
          "factor of 1 - soft Dice; unset: as large as the distance term is in this batch (after the paper, which "
          "takes the ratio of the epoch before)",
          config::at_least(0));
    visit("include_background", include_background, "whether class 0 counts");
    visit("spacing", spacing, "distance between voxels along (z,) y, x; empty: 1", config::positive());
  }
};

/// Hausdorff distance by distance transforms beside Dice (Karimi and Salcudean, IEEE TMI 2020):
///   w_h · mean over voxels and classes of (p − g)² (d_p^α + d_g^α) + w_d · (1 − soft Dice)
/// with softmax p, the distance d_g to the boundary of the reference, and d_p to that of p > 1/2, which carries no
/// gradient. Costs two distance transforms a class and sample on the CPU.
class Hausdorff : public Loss {
 public:
  Hausdorff(const HausdorffOptions& options, const LossContext& context);
  torch::Tensor operator()(const torch::Tensor& logits, const torch::Tensor& target,
                           const torch::Tensor& weight) const override;

 private:
  HausdorffOptions options_;
  bool batch_dice_;
  BatchSum batch_sum_;
};

}  // namespace medvol::losses
