#pragma once
#include <functional>

#include "framework/imaging/grid_transform.h"
#include "framework/imaging/volume.h"
#include "framework/plan/plan.h"
#include "trainers/inference/slice_sinks.h"
#include "trainers/inference/sliding_window.h"

namespace medvol::trainers {

/// A case's prediction on its file's own grid.
struct Prediction {
  imaging::Volume labels;  ///< [D, H, W] uint8
  // Their data is undefined unless asked for.
  imaging::Volume confidence;     ///< [1, D, H, W] float32; 1 outside the crop
  imaging::Volume probabilities;  ///< [K, D, H, W] float32; outside the crop background is 1, regions are 0
};

/// Whole cases through a network: sliding window on the network's grid, back to the file's grid by the recorded
/// transform. Training's validation, `predict` and the exported file all go through here, so that they give the same
/// masks.
class Predictor {
 public:
  /// `network` maps [N, C, (D,) H, W] to logits [N, K, (D,) H, W]; a 2D plan's gets [N, C, H, W].
  Predictor(WindowNetwork network, const plan::Plan& plan, const InferenceOptions& options,
            const runtime::ExecutionContext& context);
  /// image: [C, D, H, W], preprocessed, on the network's grid; `transform`: how it came there.
  Prediction predict(const torch::Tensor& image, const imaging::GridTransform& transform, OutputRequest request = {},
                     const std::function<void(double)>& progress = {}) const;

 private:
  std::vector<int64_t> labels_;  ///< of each output
  bool regions_;
  SlidingWindow window_;
};

}  // namespace medvol::trainers
