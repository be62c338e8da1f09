#pragma once
#include <cstdint>
#include <vector>

#include "datasets/augmentation/augmentation_draws.h"
#include "datasets/augmentation/local_window.h"
#include "datasets/augmentation/median.h"
#include "datasets/augmentation/source_patch.h"
#include "framework/runtime/philox.h"

namespace medvol::datasets {

/// Memory that one worker reuses from sample to sample.
struct AugmentationScratch {
  AugmentationDraws draws;
  std::vector<float> values;      ///< a channel's intermediate values
  std::vector<float> row_values;  ///< tables and rows of one step
  std::vector<int32_t> row_indices;
  std::vector<uint8_t> labels;  ///< several label maps of a sample
  LocalWindow window;
  MedianScratch median;
};

/// The CPU engine: affine, crop and mirror in one gather straight from the stored image, then the intensity steps
/// channel by channel. Immutable, so one serves all workers.
class Augmenter {
 public:
  /// `patch_size`: z, y, x, or y, x in 2D. Throws core::UserError on options that make no sense together.
  Augmenter(const AugmentationOptions& options, const std::vector<int64_t>& patch_size);

  const AugmentationSpecification& specification() const { return specification_; }
  /// z, y, x of what comes out (z = 1 in 2D), and of the box it is taken from.
  const Index3& patch_size() const { return specification_.patch_size; }
  const Index3& source_patch_size() const { return specification_.source_size; }

  /// Draws from `random` and executes. `image_out` [C, D, H, W] and `labels_out` [label volumes of the source, D, H, W]
  /// are overwritten.
  void apply(const SourcePatch& source, runtime::Philox& random, float* image_out, uint8_t* labels_out,
             AugmentationScratch& scratch) const;
  /// Does what was drawn. `draws` has one entry a channel of the source.
  void execute(const AugmentationDraws& draws, const SourcePatch& source, float* image_out, uint8_t* labels_out,
               AugmentationScratch& scratch) const;

 private:
  AugmentationSpecification specification_;
};

}  // namespace medvol::datasets
