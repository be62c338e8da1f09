#pragma once
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "trainers/session/evaluator.h"
#include "trainers/super_resolution/case_pairs.h"
#include "trainers/super_resolution/upscaler.h"

namespace medvol::trainers {

/// Likeness of one method's images to the reference, a case: means over channels. The data range of each case is its
/// reference's own largest minus smallest intensity.
struct ImageQuality {
  std::string case_id;
  std::string method;  ///< "network", "linear", "cubic_bspline", "low_resolution", "reference"
  double psnr = 0;     ///< dB; NaN for the reference itself
  double ssim = 0, ms_ssim = 0;
  double data_range = 0;  ///< mean over channels
  /// Mean Dice of a segmenter's label map of the image over the classes in either map; NaN without a segmenter.
  double dice = std::numeric_limits<double>::quiet_NaN();
};

/// Of images [C, D, H, W]. Structural similarity takes windows of 11 voxels, or what fits the image; a 2D plan's is the
/// mean over slices. Without `multi_scale` ms_ssim is NaN.
ImageQuality image_quality(const torch::Tensor& image, const CasePair& pair, int64_t dimensions, bool multi_scale);

/// The case's low-resolution image taken to high resolution without learning: order 1 linear, 3 cubic B-spline.
torch::Tensor interpolated(const CasePair& pair, int order);

/// What whole cases are judged with.
struct SuperResolutionJudge {
  Upscaler upscaler;
  Degradation degradation;
  int64_t dimensions = 3;  ///< the network's
  uint64_t seed = 0;       ///< of noise and missing slices
  /// A trained segmenter, [C, D, H, W] → label map [D, H, W]; may be empty.
  std::function<torch::Tensor(const torch::Tensor& image)> segmenter = {};
  std::vector<int64_t> classes = {};                   ///< whose Dice is taken of the segmenter's label maps
  std::optional<int64_t> ignore_class = std::nullopt;  ///< reference voxels that count nowhere
};

/// Every case by the network, linear interpolation and cubic B-splines: three rows each, in that order. With a
/// segmenter two more, the low-resolution image itself (voxels as blocks) and the reference, so that the effect on
/// segmentation has both its ends. `progress` is called after each case.
std::vector<ImageQuality> evaluate_super_resolution(const SuperResolutionJudge& judge, const WholeCases& cases,
                                                    const std::function<void(int64_t done)>& progress = {});

/// Whole-case validation while training: the score is the mean PSNR, beside it in the record SSIM, both measures of
/// linear interpolation, and how the data range is meant.
class SuperResolutionEvaluator : public Evaluator {
 public:
  /// `selects`: whether the ratio chooses the weights; against an adversary it would choose those from before it.
  SuperResolutionEvaluator(SuperResolutionJudge judge, WholeCases cases, bool selects)
      : judge_(std::move(judge)), cases_(std::move(cases)), selects_(selects) {}
  int64_t cases() const override { return cases_.count; }
  ValidationResult validate(const std::function<void(int64_t done)>& progress) override;

 private:
  SuperResolutionJudge judge_;
  WholeCases cases_;
  bool selects_;
};

}  // namespace medvol::trainers
