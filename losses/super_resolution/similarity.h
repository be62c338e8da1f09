#pragma once
#include "framework/config/fields.h"
#include "losses/image_loss.h"
#include "losses/metrics/structural_similarity.h"

namespace medvol::losses {

/// 1 − SSIM (Wang et al., IEEE TIP 2004), the weighted mean over the windows that lie within the image, each with the
/// weight of the voxel at its centre. Channels are images of their own. Throws core::UserError for patches smaller than
/// the window.
class Ssim : public ImageLoss {
 public:
  Ssim(const metrics::SsimOptions& options, const ImageLossContext& context);
  torch::Tensor operator()(const torch::Tensor& prediction, const torch::Tensor& target,
                           const torch::Tensor& weight) const override;

 private:
  metrics::SsimOptions options_;
  double data_range_;
};

/// 1 − MS-SSIM (Wang, Simoncelli and Bovik, Asilomar 2003), the mean over samples and channels of
///   Π_{j<M} max(0, mean contrast at scale j)^w_j · max(0, mean similarity at scale M)^w_M
/// with as many of the five published scales as a patch holds windows at, their weights scaled to sum 1: a patch of 32
/// voxels has two, one of 176 all five. Weights of voxels are averaged with the voxels.
class MsSsim : public ImageLoss {
 public:
  MsSsim(const metrics::SsimOptions& options, const ImageLossContext& context);
  torch::Tensor operator()(const torch::Tensor& prediction, const torch::Tensor& target,
                           const torch::Tensor& weight) const override;

 private:
  metrics::SsimOptions options_;
  double data_range_;
};

struct L1SsimOptions : metrics::SsimOptions {
  double l1_weight = 1, ssim_weight = 0.1;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("l1_weight", l1_weight, "factor of the mean absolute difference, in units of the data range",
          config::at_least(0));
    visit("ssim_weight", ssim_weight, "factor of 1 - SSIM", config::at_least(0));
    SsimOptions::fields(visit);
  }
};

/// w_1 · |x − y| / L + w_s · (1 − SSIM): sharper edges than L1, steadier than SSIM (a mixture after Zhao et al., IEEE
/// TCI 2017, who mix MS-SSIM and L1).
class L1Ssim : public ImageLoss {
 public:
  L1Ssim(const L1SsimOptions& options, const ImageLossContext& context);
  torch::Tensor operator()(const torch::Tensor& prediction, const torch::Tensor& target,
                           const torch::Tensor& weight) const override;

 private:
  Ssim ssim_;
  double l1_weight_, ssim_weight_;
};

}  // namespace medvol::losses
