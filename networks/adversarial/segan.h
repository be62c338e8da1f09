#pragma once
#include <vector>

#include "framework/config/fields.h"
#include "networks/adversarial/critic_layer.h"
#include "networks/discriminator.h"

namespace medvol::networks {

struct SeganOptions {
  int64_t features = 64;
  int64_t layers = 3;
  int64_t max_features = 512;
  CriticNormalization normalization = CriticNormalization::none;
  bool spectral_norm = true;
  double negative_slope = 0.2;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("features", features, "channels of the first convolution, doubled by each layer", config::positive());
    visit("layers", layers, "convolutions that halve the image", config::positive());
    visit("max_features", max_features, "where the doubling ends", config::positive());
    visit("normalization", normalization,
          "of all but the first convolution: none, batch (as published, beside clipped weights) or instance; a norm "
          "undoes the bound of spectral_norm");
    visit(
        "spectral_norm", spectral_norm,
        "of every convolution: bounds the features, without which the critic's side of the multi-scale L1 has no end");
    visit("negative_slope", negative_slope, "of the leaky ReLU", config::at_least(0));
  }
};

/// SegAN's critic (Xue et al., Neuroinformatics 2018): 4×4 convolutions of stride 2 with leaky ReLU, no logits; the
/// multi-scale L1 compares what it gives at every level, from the voxels themselves on. Published with batch norm and
/// weights clipped to ±0.05; here spectral normalisation bounds it by default. It sees the image masked by the
/// segmentation, a channel a class and modality. 2D and 3D from one source. An axis of the patch is halved only while
/// two voxels or more remain.
class SeganCritic : public Discriminator {
 public:
  SeganCritic(const SeganOptions& options, const DiscriminatorShape& shape);
  /// One scale, without logits: x, and the outputs of all layers, finest first. Throws core::UserError when x is too
  /// small for how often it is halved.
  Judgement forward(const torch::Tensor& x) override;
  void initialize(torch::Generator generator) override;

 private:
  std::vector<int64_t> smallest_;
  std::vector<CriticLayer> layers_;
};

}  // namespace medvol::networks
