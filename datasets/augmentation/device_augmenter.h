#pragma once
#include <ATen/core/Tensor.h>

#include <vector>

#include "datasets/augmentation/packed_patch.h"

namespace medvol::datasets {

/// Augmented samples of a batch, on the device.
struct AugmentedBatch {
  at::Tensor images;  ///< float32 [N, C, D, H, W]
  at::Tensor labels;  ///< uint8 [N, D, H, W]
};

/// The engine of whole batches in tensor operations, on a GPU or on the CPU: does what the draws say, as Augmenter
/// does, to float32 rounding (labels but for ties). What fires is known from the draws, so the host never asks the
/// device for anything: it sends voxels and one tensor of numbers, and queues the work.
class DeviceAugmenter {
 public:
  DeviceAugmenter(AugmentationSpecification specification, at::Device device)
      : specification_(std::move(specification)), device_(device) {}

  /// `samples`: at least one, all of the same number of channels.
  AugmentedBatch augment(const std::vector<PackedPatch>& samples) const;

 private:
  AugmentationSpecification specification_;
  at::Device device_;
};

}  // namespace medvol::datasets
