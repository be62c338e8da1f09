#pragma once
#include <vector>

#include "framework/config/fields.h"
#include "losses/image_loss.h"

namespace medvol::losses {

struct PerceptualOptions {
  std::vector<double> layer_weights;
  bool squared = true;
  double l1_weight = 0;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("layer_weights", layer_weights, "of the feature layers, finest first; empty: alike", config::at_least(0));
    visit("squared", squared, "squared differences (Johnson et al., SRGAN) instead of absolute ones (ESRGAN)");
    visit("l1_weight", l1_weight, "factor of an added L1 of the images (ESRGAN: 0.01)", config::at_least(0));
  }
};

/// Perceptual loss (Johnson et al., ECCV 2016): the mean over feature layers, by their weights, of the mean squared (or
/// absolute) difference of a fixed network's features of both images. The network is whatever the task names; a voxel's
/// weight is averaged down to each layer's resolution. The target carries no gradient.
class Perceptual : public ImageLoss {
 public:
  /// Throws core::UserError when the context has no feature extractor.
  Perceptual(const PerceptualOptions& options, const ImageLossContext& context);
  /// Throws core::UserError when the extractor gives another number of layers than there are weights.
  torch::Tensor operator()(const torch::Tensor& prediction, const torch::Tensor& target,
                           const torch::Tensor& weight) const override;

 private:
  PerceptualOptions options_;
  FeatureExtractor features_;
};

}  // namespace medvol::losses
