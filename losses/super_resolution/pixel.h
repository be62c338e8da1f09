#pragma once
#include "framework/config/fields.h"
#include "losses/image_loss.h"

namespace medvol::losses {

struct L1Options {
  template <class Visitor>
  void fields(Visitor&) {}
};

/// Weighted mean of |x − y|.
class L1 : public ImageLoss {
 public:
  L1(const L1Options&, const ImageLossContext&) {}
  torch::Tensor operator()(const torch::Tensor& prediction, const torch::Tensor& target,
                           const torch::Tensor& weight) const override;
};

struct L2Options {
  template <class Visitor>
  void fields(Visitor&) {}
};

/// Weighted mean of (x − y)².
class L2 : public ImageLoss {
 public:
  L2(const L2Options&, const ImageLossContext&) {}
  torch::Tensor operator()(const torch::Tensor& prediction, const torch::Tensor& target,
                           const torch::Tensor& weight) const override;
};

struct CharbonnierOptions {
  double epsilon = 1e-3;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("epsilon", epsilon, "below it the loss is quadratic, above it linear; as a share of the data range",
          config::positive());
  }
};

/// Charbonnier's penalty (Lai et al., LapSRN, CVPR 2017): weighted mean of √((x − y)² + ε²) − ε, with ε in units of the
/// data range. The constant −ε, which the paper lacks, makes it 0 for equal images.
class Charbonnier : public ImageLoss {
 public:
  Charbonnier(const CharbonnierOptions& options, const ImageLossContext& context);
  torch::Tensor operator()(const torch::Tensor& prediction, const torch::Tensor& target,
                           const torch::Tensor& weight) const override;

 private:
  double epsilon_;
};

}  // namespace medvol::losses
