#pragma once
#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "losses/metrics/counts.h"

namespace medvol::metrics {

/// What the surface of a mask is, and how distances between two surfaces become one number. Tools disagree; every
/// printed table names the definition it used.
enum class SurfaceDefinition {
  /// DeepMind surface-distance (Nikolov et al. 2021): elements at the corners of voxels, one for each mixed 2×2×2
  /// neighbourhood (2D: 2×2), weighted with the area (length) of its marching-cubes triangles. HD95 = the larger of
  /// the two directed area-weighted percentiles; ASSD = mean of the two directed area-weighted means.
  surfels,
  /// MedPy (0.5): voxels of the mask that its 6-connected erosion (2D: 4-connected) removes. HD95 = percentile,
  /// linearly interpolated, and ASSD = mean, both of the two directions' distances together.
  medpy,
  /// MONAI: the same voxels. HD95 = the larger of the two directed percentiles, linearly interpolated; ASSD = mean of
  /// all distances of both directions together.
  monai,
  /// SimpleITK's Hausdorff filter: all voxels of one mask to the other mask, inside counts 0. The average is that of
  /// the two directed means.
  all_voxels,
};

/// "DeepMind surfels", "MedPy voxel surface", "MONAI voxel edges", "all voxels (SimpleITK)".
std::string surface_name(SurfaceDefinition definition);
/// One sentence for the foot of a table.
std::string surface_description(SurfaceDefinition definition);

/// Two masks on one grid: bit 0 of a byte is the reference, bit 1 the prediction. Axis order z, y, x.
struct MaskPair {
  std::array<int64_t, 3> size{0, 0, 0};
  std::array<double, 3> spacing{1, 1, 1};  ///< mm along z, y, x
  int dimensions = 3;                      ///< 2: size[0] is 1 and surfaces are contours in the plane
  std::vector<uint8_t> bits;
};
constexpr uint8_t reference_bit = 1, prediction_bit = 2;

/// The pair of masks of one structure inside `box`; voxels under the ignore label are in neither mask.
MaskPair mask_pair(const at::Tensor& reference, const at::Tensor& prediction, const Structure& structure,
                   std::optional<int64_t> ignore, const Box& box, std::array<double, 3> spacing_zyx, int dimensions);

/// A surface element: its distance to the other surface (mm) and its share (mm², 2D mm; 1 for voxels).
struct SurfaceElement {
  double distance = 0;
  double weight = 1;
};

/// Distances in both directions, ascending.
struct SurfaceComparison {
  SurfaceDefinition definition = SurfaceDefinition::surfels;
  std::vector<SurfaceElement> from_reference;   ///< reference surface → predicted surface
  std::vector<SurfaceElement> from_prediction;  ///< predicted surface → reference surface

  /// Largest distance of either direction, mm.
  double hausdorff() const;
  /// Robust Hausdorff distance, percent of 0..100 (HD95: 95), mm.
  double hausdorff(double percent) const;
  double mean_from_reference() const;   ///< weighted mean distance, mm
  double mean_from_prediction() const;  ///< weighted mean distance, mm
  /// Average symmetric surface distance, mm.
  double average_symmetric() const;
  /// Share of each surface within `tolerance_mm` of the other: reference, prediction.
  std::array<double, 2> overlap(double tolerance_mm) const;
  /// Normalised surface distance ("surface Dice"): share of both surfaces together within `tolerance_mm`, 0..1.
  double normalised(double tolerance_mm) const;
};

/// Compares the surfaces of two masks, neither of them empty (InternalError). The grid outside is background.
SurfaceComparison compare_surfaces(const MaskPair& masks, SurfaceDefinition definition);

/// Area (mm²) of the surface inside a cube of eight voxel centres, for each of the 256 ways they can lie in a mask;
/// bit 4·dz + 2·dy + dx of the index is corner (dz, dy, dx). Spacing z, y, x in mm.
std::array<double, 256> surfel_areas(std::array<double, 3> spacing);
/// The same in the plane: length (mm) of the contour inside a square of four pixel centres, bit 2·dy + dx.
std::array<double, 16> contour_lengths(double spacing_y, double spacing_x);

}  // namespace medvol::metrics
