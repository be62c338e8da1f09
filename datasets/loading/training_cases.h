#pragma once
#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

#include "datasets/augmentation/source_patch.h"
#include "framework/runtime/philox.h"

namespace medvol::datasets {

using VoxelList = std::pair<const int64_t*, int64_t>;

/// One case as a patch is cut from it: a view.
struct TrainingCase {
  std::variant<const float*, const c10::Half*> image;  ///< [C, D, H, W], contiguous
  const uint8_t* labels =
      nullptr;           ///< [D, H, W], contiguous; in a cascade [2, D, H, W], the second of the stage before
  int64_t channels = 1;  ///< of the image
  Index3 size{};         ///< D, H, W
  /// Per class that may be forced into a patch: flat indices of voxels of it ((z * H + y) * W + x) and how many; a
  /// class that the case lacks may stand with none.
  std::vector<VoxelList> foreground;
  /// With an ignore label: voxels of every other label. A patch that is not forced is then centred on one of these.
  VoxelList annotated{nullptr, 0};
  /// In a cascade, labels of the stage before, each of which becomes a channel beside the image's; else 0.
  int64_t previous_labels = 0;
};

/// Cases to cut patches from; they stay open and where they are. `open` and `draw` are called by several
/// threads at a time.
class TrainingCases {
 public:
  virtual ~TrainingCases() = default;
  virtual int64_t count() const = 0;
  /// That a network gets: the image's, and the labels of the stage before.
  virtual int64_t channels() const = 0;
  /// Throws core::UserError when the case cannot be read.
  virtual const TrainingCase& open(int64_t index) const = 0;
  /// The case that the next patch is cut from: each is as likely as any other.
  virtual int64_t draw(runtime::Philox& random) const {
    return static_cast<int64_t>(random.below(static_cast<uint64_t>(count())));
  }
};

}  // namespace medvol::datasets
