#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "losses/metrics/counts.h"

namespace medvol::metrics {

/// Small numbers for the labels that matter: 0 = any label that is in no structure, 1..n = the structures' labels,
/// n + 1 = the ignore label (when there is one).
class LabelIndex {
 public:
  LabelIndex(const std::vector<Structure>& structures, std::optional<int64_t> ignore);

  uint8_t of(int64_t label) const {
    const uint64_t offset = uint64_t(label) - uint64_t(lowest_);
    return offset < table_.size() ? table_[offset] : 0;
  }
  /// Numbers in use, 0 included.
  int count() const { return count_; }
  bool is_ignored(uint8_t index) const { return ignored_ != 0 && index == ignored_; }
  /// For every number whether it belongs to the structure: 1 or 0.
  std::vector<uint8_t> members(const Structure& structure) const;

 private:
  int64_t lowest_ = 0;
  std::vector<uint8_t> table_;
  int count_ = 1;
  uint8_t ignored_ = 0;
};

/// Reads rows of a label map [D, H, W] as numbers of a LabelIndex, whatever its integer type.
class LabelRows {
 public:
  /// UserError (naming `what` and `where`) when the map is not three-dimensional or not of an integer type.
  LabelRows(const at::Tensor& map, const LabelIndex& index, const std::string& what, const std::string& where);

  int64_t size(int axis) const { return map_.size(axis); }
  /// Writes `count` numbers of row (z, y), from voxel x on.
  void read(int64_t z, int64_t y, int64_t x, int64_t count, uint8_t* numbers) const;

 private:
  at::Tensor map_;
  const LabelIndex& index_;
};

}  // namespace medvol::metrics
