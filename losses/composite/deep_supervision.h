#pragma once
#include <memory>
#include <optional>
#include <vector>

#include "losses/loss.h"

namespace medvol::losses {

/// nnU-Net's weights of `heads` outputs, finest first: 1/2^i, the coarsest 0 (when there are several), sum 1.
std::vector<double> deep_supervision_weights(size_t heads);

/// The one wrapper around any loss: the ignore label becomes a mask, and every head of a deeply supervised network is
/// compared with the target at its own resolution (nearest-exact: voxel i takes target voxel i·s + s/2).
class DeepSupervision {
 public:
  /// `head_strides`: Network::head_strides(). Weights as deep_supervision_weights.
  DeepSupervision(std::unique_ptr<Loss> loss, std::vector<std::vector<int64_t>> head_strides,
                  std::optional<int64_t> ignore_label);
  /// heads: logits, finest first, as many as strides or only the finest; target: [N, (D,) H, W] int64.
  torch::Tensor operator()(const std::vector<torch::Tensor>& heads, const torch::Tensor& target) const;

 private:
  std::unique_ptr<Loss> loss_;
  std::vector<std::vector<int64_t>> head_strides_;
  std::optional<int64_t> ignore_label_;
};

}  // namespace medvol::losses
