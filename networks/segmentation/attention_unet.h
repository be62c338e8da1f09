#pragma once
#include <memory>
#include <vector>

#include "framework/config/fields.h"
#include "networks/blocks/attention_gate.h"
#include "networks/network.h"

namespace medvol::networks {

/// Empty lists take the plan's suggestion (TaskShape).
struct AttentionUNetOptions {
  std::vector<int64_t> features_per_stage = {};
  std::vector<std::vector<int64_t>> kernel_sizes = {};
  std::vector<std::vector<int64_t>> strides = {};
  bool deep_supervision = false;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("features_per_stage", features_per_stage,
          "channels of each stage, finest first (Oktay: 16, 32, 64, 128, 256); empty: from the plan",
          config::at_least(2));
    visit("kernel_sizes", kernel_sizes, "kernel of each stage, one number an axis (z, y, x); empty: from the plan",
          config::positive());
    visit("strides", strides, "stride of each stage's first convolution; the first is all ones; empty: from the plan",
          config::positive());
    visit("deep_supervision", deep_supervision,
          "a head at every stage, as the paper has; false: MONAI's single head, and its weights load");
  }
};

/// Attention U-Net (Oktay et al., MIDL 2018): a U-Net whose skips pass through additive attention gates, driven by the
/// features from below after they were brought up. Two 3×3 convolutions a stage with batch norm and ReLU, strided
/// convolutions down, transposed ones up, one convolution with instance norm and PReLU to merge, as MONAI builds it:
/// parameter names, count and outputs equal its AttentionUnet. 2D and 3D from one source.
class AttentionUNet : public Network {
 public:
  /// Throws core::UserError when lists differ in length.
  AttentionUNet(const AttentionUNetOptions& options, const TaskShape& shape);
  std::vector<torch::Tensor> forward(const torch::Tensor& x) override;
  std::vector<int64_t> multiple_of() const override;
  std::vector<std::vector<int64_t>> head_strides() const override;
  void initialize(torch::Generator generator) override;

 private:
  class TwoConvolutions;
  class Level;

  void build_stages(int64_t in_channels);
  void name_stages();

  AttentionUNetOptions options_;
  bool deep_supervision_;
  std::vector<std::shared_ptr<TwoConvolutions>> encoder_;  ///< finest first
  std::vector<std::shared_ptr<Level>> levels_;             ///< finest first: the decoder
  std::vector<ConvUnit> heads_;                            ///< finest first
};

}  // namespace medvol::networks
