#pragma once
#include <ATen/core/Tensor.h>

#include <array>
#include <vector>

#include "datasets/augmentation/device_upload.h"
#include "datasets/augmentation/packed_patch.h"

namespace medvol::datasets {

/// The spatial part of a batch: the same affine gather and crop as on the CPU (spatial.h), with coordinates in float64,
/// so that both engines read the same voxels with the same weights.
class DeviceGather {
 public:
  /// Puts its numbers into `upload`. `samples` must outlive it.
  DeviceGather(const AugmentationSpecification& specification, const std::vector<PackedPatch>& samples,
               DeviceUpload& upload);

  /// `images` [N, C, D, H, W] float32 and `labels` [N, D, H, W] uint8 on the device are written.
  void run(const DeviceUpload& upload, at::Device device, at::Tensor& images, at::Tensor& labels) const;

 private:
  /// Samples that are interpolated together: their voxels stand one after the other.
  struct Chunk {
    std::vector<int64_t> samples;
    DeviceUpload::Place where, geometry;
    bool bent = false;                        ///< any of them
    std::vector<DeviceUpload::Place> shifts;  ///< of each, [3, points z · y · x]; empty: not bent
    std::vector<std::array<DeviceUpload::Place, 3>> weights;
  };
  /// Plain crops whose axes are ordered and mirrored alike.
  struct Group {
    std::array<size_t, 3> order;
    std::array<bool, 3> mirror;
    std::vector<int64_t> samples;
    DeviceUpload::Place where;
  };
  void run_chunk(const Chunk& chunk, const DeviceUpload& upload, at::Device device, at::Tensor& images,
                 at::Tensor& labels) const;
  at::Tensor displacement(const Chunk& chunk, const DeviceUpload& upload) const;
  void run_group(const Group& group, const DeviceUpload& upload, at::Device device, at::Tensor& images,
                 at::Tensor& labels) const;

  Index3 patch_size_;
  const std::vector<PackedPatch>& samples_;
  std::vector<Chunk> chunks_;
  std::vector<Group> groups_;
};

}  // namespace medvol::datasets
