#pragma once
#include <vector>

#include "framework/config/fields.h"
#include "networks/blocks/conv_unit.h"
#include "networks/network.h"

namespace medvol::networks {

enum class Pix2PixNormalization { batch, instance };
config::EnumNames<Pix2PixNormalization> enum_names(Pix2PixNormalization);

struct Pix2PixOptions {
  int64_t features = 64;
  int64_t levels = 8;
  int64_t max_features = 512;
  Pix2PixNormalization normalization = Pix2PixNormalization::batch;
  bool tanh = false;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("features", features, "channels of the first convolution, doubled at each level", config::positive());
    visit("levels", levels, "halvings at most; as many as the patch can be halved, and the plan halves it",
          config::positive());
    visit("max_features", max_features, "where the doubling ends", config::positive());
    visit("normalization", normalization, "batch (as published) or instance (batches of one)");
    visit("tanh", tanh, "as published, for images between −1 and 1; z-scores have no such bounds");
  }
};

/// pix2pix's generator (Isola et al., CVPR 2017): a U-Net of 4×4 convolutions of stride 2 with leaky ReLU 0.2 down,
/// 4×4 transposed ones with ReLU up, skips side by side, no norm at the first and at the innermost level. Its dropout,
/// whose noise the authors found to be ignored, is left out: noise comes in as further channels, if at all. Axes go
/// down as the plan's stages do; where an axis is not halved the kernel is 3. 2D and 3D from one source.
class Pix2Pix : public Network {
 public:
  /// Throws core::UserError when the patch cannot be halved.
  Pix2Pix(const Pix2PixOptions& options, const TaskShape& shape);
  /// x: [N, K, (D,) H, W], one-hot labels → one image [N, out, (D,) H, W]. Throws core::UserError when a size is no
  /// multiple of `multiple_of()`.
  std::vector<torch::Tensor> forward(const torch::Tensor& x) override;
  std::vector<int64_t> multiple_of() const override;
  std::vector<std::vector<int64_t>> head_strides() const override;
  /// Normal of deviation 0.02, biases 0.
  void initialize(torch::Generator generator) override;

 private:
  Pix2PixOptions options_;
  int64_t dimensions_;
  std::vector<std::vector<int64_t>> steps_;  ///< finest first
  std::vector<ConvUnit> down_, up_;          ///< in the order in which they are computed
};

}  // namespace medvol::networks
