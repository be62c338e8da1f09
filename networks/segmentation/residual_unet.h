#pragma once
#include <vector>

#include "framework/config/fields.h"
#include "networks/blocks/residual_block.h"
#include "networks/blocks/unet_decoder.h"
#include "networks/network.h"

namespace medvol::networks {

/// Empty lists of widths, kernels and strides take the plan's suggestion (TaskShape).
struct ResidualUNetOptions {
  std::vector<int64_t> features_per_stage = {};
  std::vector<std::vector<int64_t>> kernel_sizes = {};
  std::vector<std::vector<int64_t>> strides = {};
  std::vector<int64_t> blocks_per_stage = {};
  std::vector<int64_t> convolutions_per_stage_decoder = {};
  double negative_slope = 0.01;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("features_per_stage", features_per_stage, "channels of each stage, finest first; empty: from the plan",
          config::positive());
    visit("kernel_sizes", kernel_sizes, "kernel of each stage, one number an axis (z, y, x); empty: from the plan",
          config::positive());
    visit("strides", strides, "stride of each stage's first block; the first is all ones; empty: from the plan",
          config::positive());
    visit("blocks_per_stage", blocks_per_stage,
          "residual blocks of the encoder; empty: from a plan for such a network, else 1, 3, 4, 6, 6, 6, …",
          config::positive());
    visit("convolutions_per_stage_decoder", convolutions_per_stage_decoder,
          "one less than stages, coarsest first; empty: from a plan for such a network, else 1 each",
          config::positive());
    visit("negative_slope", negative_slope, "of the leaky ReLU", config::at_least(0));
  }
};

/// U-Net with a residual encoder: nnU-Net's ResEnc presets (Isensee et al., MICCAI 2024, "nnU-Net Revisited"). A stem
/// of one convolution, ResNet-D blocks down, and the plain decoder of `UNet` with one convolution a stage and a head at
/// each. Parameter names, count and outputs equal dynamic-network-architectures' ResidualEncoderUNet. 2D and 3D from
/// one source.
class ResidualUNet : public Network {
 public:
  /// Throws core::UserError when lists differ in length.
  ResidualUNet(const ResidualUNetOptions& options, const TaskShape& shape);
  std::vector<torch::Tensor> forward(const torch::Tensor& x) override;
  std::vector<int64_t> multiple_of() const override;
  std::vector<std::vector<int64_t>> head_strides() const override;
  void initialize(torch::Generator generator) override;

 private:
  void build_encoder(int64_t in_channels);

  ResidualUNetOptions options_;
  bool deep_supervision_;
  StackedConvBlocks stem_{nullptr};
  torch::nn::ModuleList stages_;
  UNetDecoder decoder_{nullptr};
};

}  // namespace medvol::networks
