#pragma once
#include "framework/plan/plan.h"
#include "trainers/inference/sliding_window.h"

namespace medvol::trainers {

/// Whole images through a network that makes images, window by window, on the network's own grid.
class ImagePredictor {
 public:
  /// `network` maps [N, C, (D,) H, W] to [N, K, (D,) H, W] with K = `channels`; a 2D plan's gets [N, C, H, W].
  ImagePredictor(WindowNetwork network, const plan::Plan& plan, int64_t channels, const InferenceOptions& options,
                 const runtime::ExecutionContext& context);
  /// image: [C, D, H, W]. Returns [K, D, H, W] float32 on the CPU.
  torch::Tensor predict(const torch::Tensor& image) const;
  /// z, y, x of a window (z is 1 in 2D): a smaller image is padded with zeros.
  const std::array<int64_t, 3>& patch() const { return patch_; }

 private:
  int64_t channels_;
  std::array<int64_t, 3> patch_;
  SlidingWindow window_;
};

}  // namespace medvol::trainers
