#pragma once
#include <vector>

#include <torch/types.h>

namespace medvol::losses {

/// A discriminator's features of a batch: those of each scale, each scale's finest first.
using ScaleFeatures = std::vector<std::vector<torch::Tensor>>;

/// The mean over scales of the mean over layers of the mean absolute difference; gradients reach both sides.
torch::Tensor feature_distance(const ScaleFeatures& real, const ScaleFeatures& fake);

/// Feature matching for a generator (pix2pixHD, Wang et al., CVPR 2018, equation 4): feature_distance with real
/// features that carry no gradient.
torch::Tensor feature_matching(const ScaleFeatures& real, const ScaleFeatures& fake);

}  // namespace medvol::losses
