#pragma once
#include <optional>
#include <vector>

#include "framework/config/fields.h"
#include "networks/blocks/conv_unit.h"
#include "networks/network.h"

namespace medvol::networks {

/// `deconvolution`: transposed convolution of the stride's size. `linear`: interpolation, after a 1×1 convolution where
/// the width changes.
enum class Upsampling { deconvolution, linear };
config::EnumNames<Upsampling> enum_names(Upsampling);

/// Empty lists take the plan's suggestion (TaskShape), at most five stages of it.
struct UNetPlusPlusOptions {
  std::vector<int64_t> features_per_stage = {};
  std::vector<std::vector<int64_t>> kernel_sizes = {};
  std::vector<std::vector<int64_t>> strides = {};
  std::optional<int64_t> last_features = {};
  Upsampling upsampling = Upsampling::deconvolution;
  double negative_slope = 0.1;
  bool ensemble = true;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("features_per_stage", features_per_stage,
          "channels of each stage, finest first; empty: from the plan, the first five", config::positive());
    visit("kernel_sizes", kernel_sizes, "kernel of each stage, one number an axis (z, y, x); empty: from the plan",
          config::positive());
    visit("strides", strides, "pooling before each stage; the first is all ones; empty: from the plan",
          config::positive());
    visit("last_features", last_features, "channels of the last node, X(0,4); null: those of the first stage",
          config::positive());
    visit("upsampling", upsampling, "deconvolution, or linear: interpolation, which has fewer parameters");
    visit("negative_slope", negative_slope, "of the leaky ReLU", config::at_least(0));
    visit(
        "ensemble", ensemble,
        "predict the mean of all heads' logits, the paper's accurate mode; needs deep supervision; false: the deepest");
  }
};

/// U-Net++ (Zhou et al., DLMIA 2018; IEEE TMI 2020): nodes X(i,j) of stage i joined by nested dense skips,
///
///   X(i,0) = H(pool(X(i-1,0)))    X(i,j) = H([X(i,0), …, X(i,j-1), up(X(i+1,j-1))]),
///
/// H two convolutions, each with instance norm and leaky ReLU. With deep supervision every X(0,j), j ≥ 1, has a head,
/// all at full resolution, the deepest first. In evaluation the heads' logits are averaged (the paper averages after
/// its sigmoid), or the deepest is given. `prune(level)` gives the head of X(0,level) and computes only what it needs:
/// nodes with i + j ≤ level, the paper's L1 … L4. Parameter names, count and outputs (transposed convolutions, no
/// ensemble) equal MONAI's BasicUNetPlusPlus of the same widths. 2D and 3D from one source, anisotropic strides.
class UNetPlusPlus : public Network {
 public:
  /// Throws core::UserError when lists differ in length.
  UNetPlusPlus(const UNetPlusPlusOptions& options, const TaskShape& shape);
  std::vector<torch::Tensor> forward(const torch::Tensor& x) override;
  /// What the nodes that are computed need: less once pruned.
  std::vector<int64_t> multiple_of() const override;
  std::vector<std::vector<int64_t>> head_strides() const override;
  void initialize(torch::Generator generator) override;
  /// Throws core::UserError unless 1 ≤ level < stages.
  void prune(int64_t level) override;

 private:
  class TwoConvolutions;
  class Join;

  void build_backbone(int64_t in_channels);
  void build_joins(int64_t out_channels);
  /// X(0,1) … X(0,level).
  std::vector<torch::Tensor> top_nodes(const torch::Tensor& x);

  UNetPlusPlusOptions options_;
  bool deep_supervision_;
  size_t level_;  ///< computed: nodes with i + j ≤ level_
  bool pruned_ = false;
  std::vector<std::shared_ptr<TwoConvolutions>> backbone_;  ///< [i]: of X(i,0)
  std::vector<std::vector<std::shared_ptr<Join>>> joins_;   ///< [i][j-1]: of X(i,j)
  std::vector<Convolution> heads_;                          ///< [j-1]: of X(0,j)
};

}  // namespace medvol::networks
