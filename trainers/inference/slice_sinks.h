#pragma once
#include <array>
#include <optional>
#include <vector>

#include <torch/types.h>

namespace medvol::trainers {

/// What a prediction gives beside the label map.
struct OutputRequest {
  bool confidence = false;  ///< of each voxel: the largest softmax probability; of regions, that of the least sure one
  bool probabilities = false;  ///< of every output, softmax or sigmoid: outputs × volume floats in memory
};

/// Collects logits slice by slice, resamples them linearly to the grid the case had before resampling (voxel centres
/// map by (i + 0.5)·in/out − 0.5, edges held, as framework/imaging/resample.h order 1), and makes labels of each slice
/// at once, by argmax or, for regions, painting where the sigmoid exceeds one half: only two input slices of all
/// outputs are held, whatever the volume's size.
class LabelCollector {
 public:
  /// `labels`: of each output; `regions`: outputs may overlap and are painted in their order, else they are classes.
  /// `apart`: the axis of very long voxels, taken by nearest neighbour (imaging::anisotropic_axis).
  LabelCollector(const std::vector<int64_t>& labels, bool regions, std::array<int64_t, 3> network_zyx,
                 std::array<int64_t, 3> target_zyx, OutputRequest request, std::optional<int> apart = std::nullopt);
  /// logits: [K, n, H, W] of slices begin, begin+1, …; slices must come in order and without gaps.
  void take(int64_t begin, const torch::Tensor& logits);

  torch::Tensor labels() const { return labels_; }                ///< [D, H, W] uint8 of the target grid
  torch::Tensor confidence() const { return confidence_; }        ///< [D, H, W] float32, undefined unless asked for
  torch::Tensor probabilities() const { return probabilities_; }  ///< [K, D, H, W] float32, undefined unless asked for

 private:
  void write(int64_t first, const torch::Tensor& logits);
  torch::Tensor in_plane(const torch::Tensor& logits) const;

  torch::Tensor label_of_;  ///< uint8, one an output
  bool regions_;
  std::array<int64_t, 3> source_, target_;
  std::optional<int> apart_;
  int64_t next_source_ = 0, next_target_ = 0;
  torch::Tensor held_;  // the last source slice, resampled in plane: [K, 1, H', W']
  torch::Tensor labels_, confidence_, probabilities_;
};

}  // namespace medvol::trainers
