#pragma once
#include <filesystem>

#include "trainers/session/trainer.h"
#include "trainers/super_resolution/super_resolution_evaluation.h"

namespace medvol::trainers {

/// Side by side, left to right: a case's low-resolution image (voxels as blocks), its linear interpolation, what the
/// network makes of it, and the reference. The middle slice across the axis that is enlarged least, black and white at
/// the reference slice's percentiles 0.5 and 99.5, first channel; small pictures are enlarged. Returns uint8 [H, W].
torch::Tensor comparison_picture(const CasePair& pair, const torch::Tensor& made,
                                 const std::array<int64_t, 3>& factors_zyx);

/// Draws the first held-out case so at every validation, as FOLDER/step_000200.png. A failure costs a warning.
class SamplePictures : public Hook {
 public:
  SamplePictures(SuperResolutionJudge judge, WholeCases cases, std::filesystem::path folder)
      : judge_(std::move(judge)), cases_(std::move(cases)), folder_(std::move(folder)) {}
  /// Called while the network is as it predicts.
  void validated(const Progress& progress, const ValidationResult&) override;

 private:
  SuperResolutionJudge judge_;
  WholeCases cases_;
  std::filesystem::path folder_;
};

}  // namespace medvol::trainers
