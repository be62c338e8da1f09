#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "datasets/augmentation/source_patch.h"

namespace medvol::datasets {

/// One case as a patch is cut from it. What it points to stays valid while `keep_alive` does.
struct TrainingCase {
  std::variant<const float*, const c10::Half*> image;  ///< [C, D, H, W], contiguous
  const uint8_t* labels = nullptr;                     ///< [D, H, W], contiguous
  int64_t channels = 1;
  Index3 size{};  ///< D, H, W
  /// Per class that may be forced into a patch: flat indices of voxels of it ((z * H + y) * W + x); classes that the
  /// case lacks have none.
  std::vector<std::pair<const int64_t*, int64_t>> foreground;
  std::shared_ptr<const void> keep_alive;
};

/// Cases to cut patches from. `open` is called by several threads at a time.
class TrainingCases {
 public:
  virtual ~TrainingCases() = default;
  virtual int64_t count() const = 0;
  virtual int64_t channels() const = 0;
  /// Throws core::UserError when the case cannot be read.
  virtual TrainingCase open(int64_t index) const = 0;
};

}  // namespace medvol::datasets
