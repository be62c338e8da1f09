#pragma once
#include <vector>

#include "framework/config/fields.h"
#include "networks/blocks/conv_unit.h"
#include "networks/blocks/vision_transformer.h"
#include "networks/network.h"

namespace medvol::networks {

/// The plan gives channels, classes and the patch. Defaults are the paper's.
struct UnetrOptions {
  int64_t feature_size = 16;
  int64_t hidden_size = 768;
  int64_t mlp_dim = 3072;
  int64_t num_heads = 12;
  int64_t layers = 12;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("feature_size", feature_size, "channels of the finest decoder stage, doubled at each coarser one",
          config::positive());
    visit("hidden_size", hidden_size, "width of a token; a multiple of num_heads", config::positive());
    visit("mlp_dim", mlp_dim, "width inside a layer's two linear maps", config::positive());
    visit("num_heads", num_heads, "attention heads of a layer", config::positive());
    visit("layers", layers, "of the transformer; a multiple of 4", config::positive());
  }
};

/// UNETR (Hatamizadeh et al., "UNETR: Transformers for 3D Medical Image Segmentation", WACV 2022): a vision transformer
/// over tokens of 16 voxels an axis as encoder, and a convolutional decoder that joins the encoder's states of three
/// depths. One head. It takes one size alone, the plan's patch, since every token has a learned position. 2D and 3D
/// from one source.
///
/// Parameter names and output equal MONAI's UNETR(proj_type="conv", norm_name="instance", res_block=True), less the
/// cross-attention that MONAI builds in every layer and never uses (`vit.blocks.*.cross_attn` and `.norm_cross_attn`,
/// 28 of 121 million parameters; the paper counts 92.58). MONAI joins the states of layers 4, 7 and 10 where the paper
/// says 3, 6 and 9; so does this.
class Unetr : public Network {
 public:
  /// Throws core::UserError when the plan's patch is no multiple of 16, or options do not fit each other.
  Unetr(const UnetrOptions& options, const TaskShape& shape);
  /// Throws core::UserError when the size is not `fixed_size()`.
  std::vector<torch::Tensor> forward(const torch::Tensor& x) override;
  /// The patch: smaller images are padded to it.
  std::vector<int64_t> multiple_of() const override { return patch_; }
  std::vector<std::vector<int64_t>> head_strides() const override;
  std::optional<std::vector<int64_t>> fixed_size() const override { return patch_; }
  void initialize(torch::Generator generator) override;

 private:
  class ResidualBlock;
  class Projection;
  class Joining;

  std::vector<int64_t> patch_;
  int64_t layers_;
  VisionTransformer transformer_{nullptr};
  std::shared_ptr<ResidualBlock> finest_;
  std::vector<std::shared_ptr<Projection>> projections_;  ///< encoder2 to encoder4, finest first
  std::vector<std::shared_ptr<Joining>> decoder_;         ///< decoder5 to decoder2, coarsest first
  ConvUnit head_{nullptr};
};

}  // namespace medvol::networks
