#pragma once
#include <array>
#include <cstdint>
#include <functional>

#include <ATen/core/Tensor.h>

namespace medvol::trainers {

/// Where a window stands in the volume: z, y, x of its first voxel.
struct WindowPosition {
  int64_t z, y, x;
};

/// Weighted means of overlapping windows for the slices that are still open: a ring over z, which holds outputs × depth
/// × H × W means and their weights, and never more. Each voxel's mean is kept up to date, m ← m + (v − m)·w/Σw, so that
/// float16 neither overflows nor underflows where weights are tiny, as sums of weighted values do.
class OpenSlices {
 public:
  /// Finished slices: means of a slice range, [K, n, H, W] float32, and the range's first slice.
  using Sink = std::function<void(int64_t begin, const at::Tensor& means)>;

  /// `size`: depth of the ring, height and width of the volume. `half`: means in float16, else float32.
  OpenSlices(int64_t outputs, const std::array<int64_t, 3>& size, bool half);
  /// values: [K, d, h, w], float32 or bf16, any strides; weights: [d, h, w] float32, positive. The window must begin at
  /// `begin()` or later and end within the ring's depth.
  void add(const WindowPosition& at, const at::Tensor& values, const at::Tensor& weights);
  /// Hands over slices [begin(), end) in order, a few at a time, and forgets them.
  void close(int64_t end, const Sink& sink);
  int64_t begin() const { return begin_; }

 private:
  int64_t begin_ = 0;
  at::Tensor means_, weights_;
};

}  // namespace medvol::trainers
