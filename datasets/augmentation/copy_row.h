#pragma once
#include <algorithm>
#include <cstdint>

namespace medvol::datasets {

/// Of one row, `stored`, the voxels [from, from + width): by `copy(from, count, to)` those in [low, high), zeros
/// elsewhere.
template <class Stored, class Out, class Copy>
void copy_row(const Stored* stored, int64_t from, int64_t low, int64_t high, int64_t width, Out* out,
              const Copy& copy) {
  const int64_t begin = std::clamp<int64_t>(low - from, 0, width);
  const int64_t end = std::clamp<int64_t>(high - from, begin, width);
  std::fill(out, out + begin, Out(0));
  copy(stored + from + begin, end - begin, out + begin);
  std::fill(out + end, out + width, Out(0));
}

}  // namespace medvol::datasets
