#pragma once
#include <array>
#include <cstdint>
#include <limits>
#include <vector>

namespace medvol::metrics {

/// Exact Euclidean distance to the nearest feature voxel of a grid with spacing, in double precision.
/// The transform is separable (Saito and Toriwaki 1994; the second axis by lower envelopes, Felzenszwalb and
/// Huttenlocher 2012). The constructor does the x and y axes for every voxel, in 4 bytes a voxel; the z axis is
/// searched only where a distance is asked for, outwards and no further than the best found, because surfaces that are
/// compared mostly lie close to each other.
class DistanceField {
 public:
  /// `mask`: size[0]·size[1]·size[2] bytes, axis order z, y, x; features are the voxels with (mask & bit) != 0.
  /// spacing: mm along z, y, x. Axes of at most 65534 voxels. Slices run in parallel; the result does not depend on it.
  DistanceField(const std::vector<uint8_t>& mask, uint8_t bit, std::array<int64_t, 3> size,
                std::array<double, 3> spacing);

  /// Distance in mm from voxel (z, y, x) to the nearest feature; infinity when there is no feature.
  double at(int64_t z, int64_t y, int64_t x) const;

 private:
  void fill_rows(const uint8_t* slice, uint8_t bit, uint32_t* offsets) const;
  void fill_columns(uint32_t* offsets) const;
  double in_plane(uint32_t offset) const;

  std::array<int64_t, 3> size_;
  std::array<std::vector<double>, 3> squares_;  ///< (k · spacing)² along z, y, x
  std::vector<uint32_t> offsets_;               ///< nearest feature of the slice: |dx| low, |dy| high 16 bits
};

}  // namespace medvol::metrics
