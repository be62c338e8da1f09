#pragma once
#include <array>

#include <torch/types.h>

#include "framework/config/fields.h"
#include "framework/runtime/philox.h"

namespace medvol::trainers {

/// New anatomies from known ones. All zero: the label map as it is.
struct DeformationOptions {
  double degrees = 10;
  double scaling = 0.1;
  double elastic = 0.03;
  int64_t control_intervals = 3;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("degrees", degrees, "largest rotation; each axis draws its own from ± this", config::between(0, 180));
    visit("scaling", scaling, "largest change of size: one factor from 1 ± this", config::below(0, 1));
    visit("elastic", elastic,
          "standard deviation of the control points' displacements along each axis, as a share of the longest edge",
          config::between(0, 0.5));
    visit("control_intervals", control_intervals, "intervals between control points along each axis: more bend finer",
          config::between(1, 32));
  }
};

/// Rotates, scales and bends a label map about its middle: an affine map plus a free-form deformation of cubic
/// B-splines (Rueckert et al., IEEE TMI 1999), both in millimetres. labels: [D, H, W] uint8; spacing: mm, z, y, x.
/// Each class's share at a voxel is interpolated linearly and the largest wins (the smaller label of equals), so that
/// no label is invented; outside is background. `in_plane`: slices stay slices. Returns uint8 of the same size.
torch::Tensor deform_labels(const torch::Tensor& labels, const std::array<double, 3>& spacing, bool in_plane,
                            const DeformationOptions& options, runtime::Philox& random);

}  // namespace medvol::trainers
