#pragma once
#include <cstdint>

#include <torch/types.h>

#include "framework/plan/plan.h"
#include "framework/runtime/execution_context.h"
#include "networks/network.h"
#include "trainers/adversarial/label_deformation.h"
#include "trainers/inference/image_predictor.h"

namespace medvol::trainers {

/// A made case, both on the network's grid.
struct MadeCase {
  torch::Tensor image;   ///< [C, D, H, W] float32, in the network's (normalised) intensities
  torch::Tensor labels;  ///< [D, H, W] uint8
};

/// Whole images from whole label maps with a trained label→image generator. What is random is a function of (the
/// context's seed, index): the noise is one field over the whole image, so that neighbouring windows agree.
class Synthesiser {
 public:
  /// `network` as it predicts; `shape`: what it was built from, its input channels being the plan's classes and then
  /// noise. Throws core::UserError when the shape is not that of such a generator.
  Synthesiser(WindowNetwork network, const networks::TaskShape& shape, const plan::Plan& plan,
              InferenceOptions inference, const runtime::ExecutionContext& context);

  /// labels: [D, H, W] integer. Returns [C, D, H, W] float32. Smaller than the patch: background is put around it, as
  /// patches in training had it.
  torch::Tensor image(const torch::Tensor& labels, uint64_t index) const;
  /// A new case: the label map is deformed, then its image made.
  MadeCase make(const torch::Tensor& labels, const DeformationOptions& deformation, uint64_t index) const;
  /// Normalised intensities back to those of files, up to what per-case normalisation forgets: a z-scored channel gets
  /// the plan's foreground mean and spread, a rescaled one its range; CT and RGB get their own.
  torch::Tensor raw_intensities(const torch::Tensor& image) const;

 private:
  plan::Plan plan_;
  int64_t classes_, noise_channels_;
  runtime::ExecutionContext context_;
  ImagePredictor predictor_;
};

/// The generator's input: one-hot maps of [N, (D,) H, W] labels, then standard normal noise from `random`.
torch::Tensor synthesis_input(const torch::Tensor& labels, int64_t classes, int64_t noise_channels,
                              torch::Generator random);

}  // namespace medvol::trainers
