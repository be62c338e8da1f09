#pragma once
#include <functional>
#include <memory>
#include <vector>

#include <torch/types.h>
#include "framework/registry/registry.h"

namespace medvol::losses {

/// Intermediate activations of an image, finest first; any network the user names can give them.
using FeatureExtractor = std::function<std::vector<torch::Tensor>(const torch::Tensor& image)>;

/// What an image loss takes from the task.
struct ImageLossContext {
  double data_range = 1;      ///< largest minus smallest intensity that counts (SSIM's L)
  FeatureExtractor features;  ///< of the perceptual loss; may be empty for the others
};

/// A differentiable distance of two images.
class ImageLoss {
 public:
  virtual ~ImageLoss() = default;
  /// prediction, target: [N, C, (D,) H, W], any floating type (computed in float32); weight: [N, 1, (D,) H, W] float,
  /// of each voxel, or undefined: one everywhere. Returns a scalar, 0 for equal images.
  virtual torch::Tensor operator()(const torch::Tensor& prediction, const torch::Tensor& target,
                                   const torch::Tensor& weight) const = 0;
};

using ImageLossRegistry = registry::Registry<std::unique_ptr<ImageLoss>, const ImageLossContext&>;
using ImageLossChoice = registry::Choice<std::unique_ptr<ImageLoss>, const ImageLossContext&>;

}  // namespace medvol::losses
