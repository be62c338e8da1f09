#pragma once
#include <vector>

#include "framework/config/fields.h"
#include "networks/blocks/conv_unit.h"
#include "networks/blocks/group_norm.h"
#include "networks/network.h"

namespace medvol::networks {

/// Its stages are its own: the plan gives channels and classes. Defaults are MONAI's; Myronenko's 2018 entry had
/// init_filters 32.
struct SegResNetOptions {
  int64_t init_filters = 8;
  std::vector<int64_t> blocks_down = {1, 2, 2, 4};
  std::vector<int64_t> blocks_up = {1, 1, 1};
  int64_t groups = 8;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("init_filters", init_filters, "channels of the finest stage, doubled at each coarser one (BraTS 2018: 32)",
          config::positive());
    visit("blocks_down", blocks_down, "residual blocks of each encoder stage, finest first", config::positive());
    visit("blocks_up", blocks_up, "residual blocks of each decoder stage, coarsest first; one less than blocks_down",
          config::positive());
    visit("groups", groups, "of the group norm; init_filters is a multiple of it", config::positive());
  }
};

/// SegResNet (Myronenko, "3D MRI brain tumor segmentation using autoencoder regularization", BrainLes 2018; first of
/// BraTS 2018) without the autoencoder's branch: pre-activated residual blocks with group norm, strided convolutions
/// down, 1×1 convolutions and linear interpolation up, skips added. One head. Parameter names, count and output equal
/// MONAI's SegResNet. 2D and 3D from one source.
class SegResNet : public Network {
 public:
  /// Throws core::UserError when blocks_up is not one shorter than blocks_down, or init_filters not a multiple of
  /// groups.
  SegResNet(const SegResNetOptions& options, const TaskShape& shape);
  /// Throws core::UserError when a size is no multiple of `multiple_of()`.
  std::vector<torch::Tensor> forward(const torch::Tensor& x) override;
  std::vector<int64_t> multiple_of() const override;
  std::vector<std::vector<int64_t>> head_strides() const override;
  void initialize(torch::Generator generator) override;

 private:
  void build_encoder();
  void build_decoder();

  SegResNetOptions options_;
  int64_t axes_;
  ConvUnit first_{nullptr}, last_{nullptr};
  GroupNorm last_norm_{nullptr};
  torch::nn::ModuleList down_layers_, up_layers_, up_samples_;
};

}  // namespace medvol::networks
