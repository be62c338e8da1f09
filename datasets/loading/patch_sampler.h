#pragma once
#include <cstdint>

#include "datasets/augmentation/source_patch.h"
#include "datasets/loading/training_cases.h"
#include "framework/runtime/philox.h"

namespace medvol::datasets {

/// Where training patches are cut, by the rule of nnU-Net v2's data loader.
class PatchSampler {
 public:
  /// `source_size`: the box that is cut out, `patch_size`: what is left of it after augmentation; both z, y, x.
  PatchSampler(const Index3& source_size, const Index3& patch_size);

  /// First voxel of the box, which may pass the image's border by half the enlargement (and by what the image is too
  /// small). Uniform over these positions or, with `force_foreground`, centred on a random stored voxel of a random
  /// class of the case, as far as the lower bound allows (uniform when the case has none; with an ignore label, centred
  /// on an annotated voxel instead of uniform). A 2D patch is one slice thick: the slice is the voxel's, or any.
  Index3 sample(const TrainingCase& from, bool force_foreground, runtime::Philox& random) const;

  /// Whether sample `n` of a batch is forced: the last round(batch * share) of it, rounded as nnU-Net does.
  static bool forces_foreground(int64_t n, int64_t batch_size, double share);

 private:
  Index3 source_size_, patch_size_;
};

}  // namespace medvol::datasets
