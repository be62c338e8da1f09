#pragma once
#include <vector>

#include "framework/config/fields.h"
#include "networks/adversarial/critic_layer.h"
#include "networks/discriminator.h"

namespace medvol::networks {

struct PatchGanOptions {
  int64_t features = 64;
  int64_t layers = 3;
  int64_t max_features = 512;
  CriticNormalization normalization = CriticNormalization::batch;
  bool spectral_norm = false;
  double negative_slope = 0.2;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("features", features, "channels of the first convolution, doubled by each layer", config::positive());
    visit("layers", layers, "between the first and the last convolution; all but the last of them halve the image",
          config::positive());
    visit("max_features", max_features, "where the doubling ends", config::positive());
    visit("normalization", normalization,
          "of all but the first and the last convolution: batch (as published), instance (batches of one), none "
          "(beside a gradient penalty)");
    visit("spectral_norm", spectral_norm, "of every convolution (Miyato et al. 2018): a steadier game");
    visit("negative_slope", negative_slope, "of the leaky ReLU", config::at_least(0));
  }
};

/// PatchGAN (Isola et al., CVPR 2017): 4×4 convolutions of stride 2, then two of stride 1, whose every output judges
/// the patch it sees (70 voxels wide with three layers). Parameter names and outputs equal MONAI's PatchDiscriminator
/// where options agree. 2D and 3D from one source.
///
/// Small patches limit it by themselves: an axis is halved only while three voxels or more remain; from then on the
/// kernel is 3 and the stride 1 on that axis, and on an axis that begins below three voxels everywhere. No size is too
/// small, and thick slices do not take away layers from the other axes.
class PatchGan : public Discriminator {
 public:
  PatchGan(const PatchGanOptions& options, const DiscriminatorShape& shape);
  /// One scale: logits, and the outputs of all layers before them. Throws core::UserError when x is too small for how
  /// often it is halved.
  Judgement forward(const torch::Tensor& x) override;
  void initialize(torch::Generator generator) override;

 private:
  std::vector<int64_t> smallest_;
  std::vector<CriticLayer> layers_;  ///< the last gives the logits
};

}  // namespace medvol::networks
