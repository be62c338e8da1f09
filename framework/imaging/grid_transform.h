#pragma once
#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <variant>
#include <vector>

#include "framework/imaging/volume.h"

namespace medvol::imaging {

/// The recorded, invertible way from a file's grid to the network's grid. Steps are added in the order in which they
/// are applied; each knows the grid before and after it.
class GridTransform {
 public:
  static GridTransform start(const Geometry& file);

  /// Permutes and flips axes so that x, y, z run to the patient's right, front and head: each axis to its closest
  /// (nibabel `as_closest_canonical`). A picture (`dimensions` 2) has no patient axes and stays.
  GridTransform& orient_to_ras();
  /// Permutes tensor axes: axis i becomes what axis forward[i] was (nnU-Net's transpose_forward). The geometry follows,
  /// and may be left-handed after it.
  GridTransform& transpose(std::array<int64_t, 3> forward_zyx);
  /// Keeps the box [begin, begin + size). InternalError when it leaves the grid.
  GridTransform& crop(std::array<int64_t, 3> begin_zyx, std::array<int64_t, 3> size_zyx);
  /// Resamples to `resampled_shape` for this spacing, mm; the field of view stays. Very long voxels:
  /// `anisotropic_axis`.
  GridTransform& resample(std::array<double, 3> spacing_zyx);

  /// [C, D, H, W] of the file grid → float32 of the network grid, by cubic splines where resampled.
  at::Tensor apply_image(const at::Tensor& image) const;
  /// [D, H, W] of the file grid → network grid, dtype kept; `resample_labels` of order 1 where resampled.
  at::Tensor apply_labels(const at::Tensor& labels) const;

  /// [D, H, W] of the network grid → FILE grid, dtype kept: nearest where resampled, background 0 outside the crop.
  at::Tensor restore_labels(const at::Tensor& labels) const;
  /// [K, D, H, W] of the network grid → float32 of the FILE grid: linear where resampled; outside the crop class 0 is
  /// 1.
  at::Tensor restore_probabilities(const at::Tensor& probabilities, double first_outside = 1) const;
  /// argmax over K of restore_probabilities as uint8 [D, H, W] (int16 above 256 classes), the lower class on a tie,
  /// one class at a time: two float volumes of the file grid at most, whatever K is.
  at::Tensor restore_argmax(const at::Tensor& probabilities) const;

  const Geometry& file_geometry() const { return grids_.front(); }
  const Geometry& network_geometry() const { return grids_.back(); }
  bool resamples() const;
  /// The same way without its last step where that is a resampling: for who resamples back on his own, slice by slice.
  GridTransform before_resampling() const;

  nlohmann::json to_json() const;
  /// UserError when the text is not what to_json writes.
  static GridTransform from_json(const nlohmann::json& json);

 private:
  /// Index axis j (x, y, z) of the new grid is axis `source[j]` of the old one, reversed where `flip[j]`.
  struct Orient {
    std::array<int, 3> source;
    std::array<bool, 3> flip;
  };
  struct Crop {
    std::array<int64_t, 3> begin_zyx, size_zyx;
  };
  struct Resample {
    std::array<double, 3> spacing_zyx;
  };
  using Step = std::variant<Orient, Crop, Resample>;

  static Geometry grid_after(const Geometry& before, const Orient& step);
  static Geometry grid_after(const Geometry& before, const Crop& step);
  static Geometry grid_after(const Geometry& before, const Resample& step);
  GridTransform& add(const Step& step);
  at::Tensor apply_channels(at::Tensor channels, bool labels) const;
  at::Tensor restore_channels(at::Tensor channels, double outside, bool labels) const;

  std::vector<Step> steps_;
  std::vector<Geometry> grids_;  ///< grids_[0] is the file's; grids_[i + 1] follows steps_[i]
};

}  // namespace medvol::imaging
