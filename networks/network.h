#pragma once
#include <memory>
#include <optional>
#include <vector>

#include <torch/nn/module.h>
#include "framework/registry/registry.h"

namespace medvol::networks {

/// What a network must fit, from the plan: the composition root fills it. Options of a network that are left empty take
/// the suggestion here.
struct TaskShape {
  int64_t dimensions = 3;  ///< 2: input [N, C, H, W]; 3: [N, C, D, H, W]
  int64_t in_channels = 1;
  int64_t out_channels = 2;  ///< classes, background included
  bool deep_supervision = true;
  std::vector<int64_t> features_per_stage{};
  std::vector<std::vector<int64_t>> kernel_sizes{};
  std::vector<std::vector<int64_t>> strides{};
  std::vector<int64_t> convolutions_per_stage_encoder{};
  std::vector<int64_t> convolutions_per_stage_decoder{};
  std::vector<int64_t> residual_blocks_per_stage{};  ///< of a residual encoder, where the plan is for one; else empty
  std::vector<int64_t> patch_size{};                 ///< in tensor order; for networks of one fixed size
  std::vector<int64_t> upsampling{};                 ///< output size over input size, an axis; empty: all ones
  int64_t noise_channels = 0;  ///< so many of the input channels, the last ones, are noise beside label maps
};

/// A dense-prediction network: segmenters, and generators of images. Logits or intensities leave it; no softmax inside.
class Network : public torch::nn::Module {
 public:
  /// x: [N, C, (D,) H, W] with each size a multiple of `multiple_of()`. Returns logits [N, K, (D,) H, W], and with deep
  /// supervision in training mode the coarser heads after it, finest first.
  virtual std::vector<torch::Tensor> forward(const torch::Tensor& x) = 0;
  /// What each spatial size must be a multiple of, in tensor order.
  virtual std::vector<int64_t> multiple_of() const = 0;
  /// Down-sampling of each head against the input, finest first: {{1,1,1}, {2,2,2}, …}. One entry without deep
  /// supervision.
  virtual std::vector<std::vector<int64_t>> head_strides() const = 0;
  /// Fills all parameters by the network's own initialisation from this generator.
  virtual void initialize(torch::Generator generator) = 0;

  /// The only spatial size that it takes, in tensor order; nothing: every multiple of `multiple_of()`.
  virtual std::optional<std::vector<int64_t>> fixed_size() const { return std::nullopt; }
  /// Output size over input size, an axis, in tensor order; empty: the output is as large as the input.
  virtual std::vector<int64_t> upsampling() const { return {}; }
  /// From now on computes the finest head from the first `level` decoder levels alone (U-Net++'s L1 … L4). Throws
  /// core::UserError when the network has no such levels.
  virtual void prune(int64_t level);

  int64_t parameter_count() const;
};

using NetworkRegistry = registry::Registry<std::shared_ptr<Network>, const TaskShape&>;
using NetworkChoice = registry::Choice<std::shared_ptr<Network>, const TaskShape&>;

}  // namespace medvol::networks
