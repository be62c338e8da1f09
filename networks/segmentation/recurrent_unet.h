#pragma once
#include <vector>

#include "framework/config/fields.h"
#include "networks/blocks/conv_block.h"
#include "networks/blocks/conv_lstm.h"
#include "networks/network.h"

namespace medvol::networks {

/// Empty lists take the plan's suggestion (TaskShape): its widths and counts as they are, of its kernels and strides
/// the part in the slice.
struct RecurrentUNetOptions {
  std::vector<int64_t> features_per_stage = {};
  std::vector<int64_t> convolutions_per_stage_encoder = {};
  std::vector<int64_t> convolutions_per_stage_decoder = {};
  int64_t recurrent_layers = 1;
  int64_t hidden_features = 0;
  int64_t recurrent_kernel_size = 3;
  bool recurrent_skips = false;
  double negative_slope = 0.01;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("features_per_stage", features_per_stage, "channels of each stage, finest first; empty: from the plan",
          config::positive());
    visit("convolutions_per_stage_encoder", convolutions_per_stage_encoder, "empty: from the plan, else 2",
          config::positive());
    visit("convolutions_per_stage_decoder", convolutions_per_stage_decoder,
          "one less than stages; empty: from the plan, else 2", config::positive());
    visit("recurrent_layers", recurrent_layers, "bidirectional ConvLSTMs, one after another (Chen et al.: 2)",
          config::positive());
    visit("hidden_features", hidden_features, "channels of each direction; 0: half the stage's, so that both keep it",
          config::at_least(0));
    visit("recurrent_kernel_size", recurrent_kernel_size, "of the ConvLSTM's gates, in the slice; odd",
          config::positive());
    visit("recurrent_skips", recurrent_skips, "skip connections go through ConvLSTMs of their own too");
    visit("negative_slope", negative_slope, "of the leaky ReLU", config::at_least(0));
  }
};

/// Recurrent 2.5D U-Net, for thick slices: one U-Net in the plane of the slices, the same for each (kernels 1×3×3,
/// strides 1×2×2), whose coarsest features, and by option its skips, go through bidirectional ConvLSTMs along the
/// slices. After Chen et al. ("Combining Fully Convolutional and Recurrent Neural Networks for 3D Biomedical Image
/// Segmentation", NIPS 2016) and Novikov et al. ("Deep Sequential Segmentation of Organs in Volumetric Medical Scans",
/// IEEE TMI 2019), with nnU-Net's blocks and its deep supervision; instance norm takes its statistics over all slices.
/// 3D plans only: [N, C, D, H, W] → [N, K, D, H, W].
///
/// `forward` takes any number of slices. An exported trace has as many steps as it was made with, so `fixed_size()` is
/// the plan's patch where the plan gives one: predictors go over the image in windows of it, as in training.
class RecurrentUNet : public Network {
 public:
  /// Throws core::UserError in 2D, and when lists differ in length.
  RecurrentUNet(const RecurrentUNetOptions& options, const TaskShape& shape);
  /// Throws core::UserError when a size is no multiple of `multiple_of()`.
  std::vector<torch::Tensor> forward(const torch::Tensor& x) override;
  std::vector<int64_t> multiple_of() const override;
  std::vector<std::vector<int64_t>> head_strides() const override;
  std::optional<std::vector<int64_t>> fixed_size() const override;
  void initialize(torch::Generator generator) override;

 private:
  void build_encoder(int64_t in_channels);
  void build_recurrent();
  void build_decoder(int64_t out_channels);
  /// Channels of a stage's features as the decoder gets them.
  int64_t joined_width(size_t stage) const;
  torch::Tensor along_slices(size_t stage, torch::Tensor features);

  RecurrentUNetOptions options_;
  std::vector<std::vector<int64_t>> kernel_sizes_, strides_;
  std::vector<int64_t> patch_;
  bool deep_supervision_;
  torch::nn::ModuleList stages_, recurrent_, transpconvs_, decoder_stages_, seg_layers_;
};

}  // namespace medvol::networks
