#pragma once
#include <cstdint>
#include <vector>

#include <torch/types.h>

#include "framework/config/fields.h"
#include "framework/runtime/philox.h"

namespace medvol::trainers {

/// How a slice's voxel weighs what lies across it.
enum class SliceProfile { gaussian, box };
config::EnumNames<SliceProfile> enum_names(SliceProfile);
/// What the receiver adds. Rician: the magnitude of a signal with Gaussian noise in both its parts.
enum class ReceiverNoise { gaussian, rician };
config::EnumNames<ReceiverNoise> enum_names(ReceiverNoise);
/// What stands in the place of a missing slice: its nearest neighbour (the earlier of two), or zero signal.
enum class MissingFill { repeat, zero };
config::EnumNames<MissingFill> enum_names(MissingFill);

/// Drawn evenly for each image of training; evaluation takes the middle.
struct RangeOptions {
  double low = 0, high = 0;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("low", low, "smallest value", config::at_least(0));
    visit("high", high, "largest value", config::at_least(0));
  }
  double middle() const { return (low + high) / 2; }
};

/// How a low-resolution acquisition is made from a real image, in this order: slice profile and down-sampling, blur,
/// noise, missing slices. Conventions: SMORE (Zhao et al., IEEE TMI 2021) takes a Gaussian whose full width at half
/// maximum is the slice thickness, which is `thickness` 1 here; SynthSR (Iglesias et al., NeuroImage 2021) one of sigma
/// ln(10)/π voxels of the new grid, which is `thickness` 1.73. Noise is a share of the data range as BrainWeb's
/// percentages are (Collins et al., IEEE TMI 1998); Rician after Gudbjartsson and Patz (MRM 1995).
struct DegradationOptions {
  SliceProfile profile = SliceProfile::gaussian;
  RangeOptions thickness{0.9, 1.1};
  RangeOptions blur{0, 0};
  ReceiverNoise noise = ReceiverNoise::rician;
  RangeOptions sigma{0.01, 0.03};
  double missing = 0.02;
  MissingFill fill = MissingFill::repeat;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("profile", profile, "of a slice: gaussian or box");
    visit(
        "thickness", thickness,
        "full width at half maximum of the profile over the distance of slices; below 1 leaves gaps, above 1 overlaps");
    visit("blur", blur, "full width at half maximum, in voxels, of a Gaussian along the axes that keep their size");
    visit("noise", noise, "gaussian, or rician as of magnitude images of MR");
    visit("sigma", sigma, "standard deviation of the noise as a share of the data range");
    visit("missing", missing, "share of slices, along the axis that loses most, that are lost", config::below(0, 1));
    visit("fill", fill, "what stands in their place: repeat (the neighbour) or zero (no signal)");
  }
};

/// What intensities mean: `floor` is that of no signal, `range` the largest minus the smallest.
struct IntensityScale {
  double floor = 0, range = 1;
};

/// Weights [voxels / factor, voxels] float64 of the old voxels in the new ones, whose centres lie at (i + ½)·factor −
/// ½: a profile of full width at half maximum `width` voxels integrated over each voxel; the edge value holds outside
/// the grid, and rows sum to 1.
torch::Tensor profile_matrix(int64_t voxels, int64_t factor, double width, SliceProfile profile);

/// Makes low-resolution images from real ones, on their device. All that is random comes from the given stream.
class Degradation {
 public:
  /// `factors`: of each spatial axis in tensor order. Throws core::UserError for a range whose low is above its high.
  Degradation(const DegradationOptions& options, std::vector<int64_t> factors, const IntensityScale& scale);

  /// images: [N, C, (D,) H, W] float32, each axis a multiple of its factor. Returns the same with each axis `factor`
  /// times smaller, float32. Every image draws its own strength from the ranges.
  torch::Tensor varied(const torch::Tensor& images, runtime::Philox& random) const;
  /// The same with the middle of every range, for evaluation: noise and missing slices alone are drawn.
  torch::Tensor typical(const torch::Tensor& images, runtime::Philox& random) const;

  const std::vector<int64_t>& factors() const { return factors_; }
  const IntensityScale& scale() const { return scale_; }

 private:
  struct Strength {
    double thickness, blur, sigma;
  };
  torch::Tensor apply(const torch::Tensor& images, const std::vector<Strength>& strengths,
                      runtime::Philox& random) const;
  torch::Tensor sampled(torch::Tensor images, const std::vector<Strength>& strengths) const;
  torch::Tensor noisy(const torch::Tensor& images, const std::vector<Strength>& strengths,
                      runtime::Philox& random) const;
  torch::Tensor with_gaps(const torch::Tensor& images, runtime::Philox& random) const;

  DegradationOptions options_;
  std::vector<int64_t> factors_;
  IntensityScale scale_;
};

}  // namespace medvol::trainers
