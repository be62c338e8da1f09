#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <vector>

namespace medvol::trainers {

/// Thresholds between `bands` bands of intensity that make the variance between the bands greatest (Otsu, "A threshold
/// selection method from gray-level histograms", IEEE Trans. SMC 1979), over a histogram of 128 bins; exact, by dynamic
/// programming. Ascending, bands - 1 of them. A constant image has its value at every threshold.
std::vector<double> otsu_thresholds(const at::Tensor& image, int64_t bands);

/// The largest connected set of true voxels of [D, H, W] bool, face neighbours; the first found of equals. Empty stays
/// empty.
at::Tensor largest_component(const at::Tensor& mask);

/// The traditional baseline that a learned method must beat: intensity bands by Otsu, and in the band that fits an
/// organ the largest connected component. What it learns from training cases is each organ's mean intensity, in
/// standard deviations from the image's mean.
class OtsuBaseline {
 public:
  /// `classes`: background included, which is also the number of bands.
  explicit OtsuBaseline(int64_t classes);

  /// image: [C, D, H, W] float32 of which the first channel is used; labels: [D, H, W] integer.
  void learn(const at::Tensor& image, const at::Tensor& labels);
  /// uint8 [D, H, W]. Of two organs that claim one component, the one whose mean intensity fits the band better keeps
  /// it.
  at::Tensor predict(const at::Tensor& image) const;

 private:
  struct Mean {
    double sum = 0;
    int64_t cases = 0;
  };
  int64_t classes_;
  std::map<int64_t, Mean> learned_;
};

}  // namespace medvol::trainers
