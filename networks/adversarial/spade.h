#pragma once
#include <vector>

#include "framework/config/fields.h"
#include "networks/adversarial/spade_block.h"
#include "networks/network.h"

namespace medvol::networks {

enum class SpadeNormalization { batch, instance };
config::EnumNames<SpadeNormalization> enum_names(SpadeNormalization);

struct SpadeOptions {
  int64_t features = 64;
  int64_t levels = 5;
  int64_t hidden = 128;
  SpadeNormalization normalization = SpadeNormalization::batch;
  double negative_slope = 0.2;
  bool tanh = false;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("features", features, "channels at full resolution, doubled at each level (64 and five levels: 1024)",
          config::positive());
    visit("levels", levels, "up-samplings by 2 at most; as many as the patch can be halved, and the plan halves it",
          config::positive());
    visit("hidden", hidden, "channels between the label map and its scales and shifts", config::positive());
    visit("normalization", normalization,
          "before the label map's scales and shifts: batch (as published, over all GPUs) or instance (small batches)");
    visit("negative_slope", negative_slope, "of the leaky ReLU", config::at_least(0));
    visit("tanh", tanh, "as published, for images between −1 and 1; z-scores have no such bounds");
  }
};

/// SPADE's generator, GauGAN (Park et al., CVPR 2019): from the coarsest level on, residual blocks whose every norm is
/// scaled and shifted by the label map, with nearest up-sampling between them. It starts from the label map itself,
/// sampled down by strides, so that any size will do. Without the paper's spectral normalisation of the generator and
/// its image encoder; the shape's noise channels, if any, enter at the coarsest level in the place of its latent
/// vector. Blocks are named `head_0`, `G_middle_0`, `G_middle_1`, `up_0` … as the authors name them; inside as MONAI's.
/// Axes go up as the plan's stages go down. 2D and 3D from one source.
class Spade : public Network {
 public:
  /// Throws core::UserError when all input channels are noise, or the patch cannot be halved.
  Spade(const SpadeOptions& options, const TaskShape& shape);
  /// x: [N, K + shape.noise_channels, (D,) H, W], one-hot labels and noise → one image [N, out, (D,) H, W]. Throws
  /// core::UserError when a size is no multiple of `multiple_of()`.
  std::vector<torch::Tensor> forward(const torch::Tensor& x) override;
  std::vector<int64_t> multiple_of() const override;
  std::vector<std::vector<int64_t>> head_strides() const override;
  /// He's, and for the last convolution a tenth of it.
  void initialize(torch::Generator generator) override;

 private:
  SpadeOptions options_;
  int64_t dimensions_, labels_;
  std::vector<std::vector<int64_t>> steps_;  ///< coarsest first
  Convolution start_{nullptr}, last_{nullptr};
  SpadeBlock head_{nullptr}, middle_0_{nullptr}, middle_1_{nullptr};
  std::vector<SpadeBlock> up_;
};

}  // namespace medvol::networks
