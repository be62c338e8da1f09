#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include <torch/types.h>

#include "framework/config/fields.h"
#include "framework/runtime/execution_context.h"
#include "trainers/inference/image_predictor.h"
#include "trainers/session/evaluator.h"
#include "trainers/session/validation.h"

namespace medvol::trainers {

/// How far a reconstruction is from the image.
enum class Distance { l2, l1 };
config::EnumNames<Distance> enum_names(Distance);

/// Masked autoencoding (He et al., "Masked autoencoders are scalable vision learners", CVPR 2022; for convolutional
/// networks as SimMIM, Xie et al., CVPR 2022: hidden voxels become zero, and the network sees the whole image).
struct MaskingOptions {
  double mask_ratio = 0.7;
  int64_t cube = 8;
  Distance distance = Distance::l2;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("mask_ratio", mask_ratio, "share of the cubes that are hidden (MAE: 0.75, SimMIM: 0.6)",
          {.minimum = 0, .maximum = 1, .above_minimum = true, .below_maximum = true});
    visit("cube", cube, "edge of a hidden cube in voxels: larger ones are harder to guess from their neighbours",
          config::at_least(1));
    visit("distance", distance, "of reconstruction and image: l2 (MAE) or l1 (SimMIM)");
  }
};

/// The mean over hidden voxels and channels of (prediction − image)² or |prediction − image|.
/// prediction, image: [N, C, …]; mask: [N, 1, …], 1 where hidden. Returns a scalar.
torch::Tensor masked_distance(const torch::Tensor& prediction, const torch::Tensor& image, const torch::Tensor& mask,
                              Distance distance);

/// Judges reconstructions of whole held-out images by minus their distance over the hidden voxels; what is hidden of a
/// case is always the same. The record holds, beside it, the distance of a guess that knows only the mean of the seen
/// voxels: what a network must beat to have learned anything.
class ReconstructionEvaluator : public Evaluator {
 public:
  /// `seed`: of the masks.
  ReconstructionEvaluator(ImagePredictor predictor, WholeCases cases, const MaskingOptions& options, uint64_t seed);
  int64_t cases() const override { return cases_.count; }
  ValidationResult validate(const std::function<void(int64_t done)>& progress) override;

 private:
  ImagePredictor predictor_;
  WholeCases cases_;
  MaskingOptions options_;
  uint64_t seed_;
};

}  // namespace medvol::trainers
