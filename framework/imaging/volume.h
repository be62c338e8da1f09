#pragma once
#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>

namespace medvol::imaging {

/// Where a grid lies in the patient. Vectors are in ITK's order: index axes (x, y, z), physical axes LPS, millimetres.
/// `direction` is row-major 3×3: column j is the physical direction of index axis j. The tensor of a Volume has the
/// reversed axis order z, y, x: tensor axis 0 is index axis 2.
struct Geometry {
  std::array<int64_t, 3> size{1, 1, 1};    ///< voxels along x, y, z
  std::array<double, 3> spacing{1, 1, 1};  ///< mm
  std::array<double, 3> origin{0, 0, 0};   ///< mm, LPS, centre of the first voxel
  std::array<double, 9> direction{1, 0, 0, 0, 1, 0, 0, 0, 1};
  int dimensions = 3;  ///< 2 for a PNG, JPEG, 2D TIFF or 2D NIfTI: then size z is 1

  /// Spacing in the tensor's axis order (z, y, x), mm.
  std::array<double, 3> spacing_zyx() const { return {spacing[2], spacing[1], spacing[0]}; }
  std::array<int64_t, 3> size_zyx() const { return {size[2], size[1], size[0]}; }
  /// Same size; spacing, origin and direction within the tolerances (mm; unitless for direction).
  bool matches(const Geometry& other, double tolerance = 1e-3) const;
  /// "35x50x36, 1x1x1 mm"
  std::string text() const;
};

/// An image or a label map with its geometry. `data` is [C, D, H, W] for an image (float32) and [D, H, W] for labels
/// (int16 or int32), contiguous, axis order z, y, x.
struct Volume {
  at::Tensor data;
  Geometry geometry;
};

}  // namespace medvol::imaging
