#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "framework/config/fields.h"

namespace medvol::datasets {

struct RotationOptions {
  double probability = 0.2, axis_probability = 1;
  std::optional<double> degrees;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("probability", probability, "share of samples that are rotated", config::between(0, 1));
    visit("axis_probability", axis_probability, "share of axes that such a sample is turned about",
          config::between(0, 1));
    visit("degrees", degrees,
          "largest angle; each axis draws its own from ± this. Unset, nnU-Net's: 30 in 3D; 180 in plane for a dummy-2D "
          "patch; in 2D 180, or 15 when the patch is longer than 1.5 times its width",
          config::between(0, 180));
  }
};

struct ScalingOptions {
  double probability = 0.2, low = 0.7, high = 1.4, same_for_axes = 1;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("probability", probability, "share of samples that are scaled, drawn apart from rotation",
          config::between(0, 1));
    visit("low", low, "smallest factor; below 1 objects grow", config::positive());
    visit("high", high, "largest factor; above 1 objects shrink", config::positive());
    visit("same_for_axes", same_for_axes, "share of such samples with one factor for all axes; else each has its own",
          config::between(0, 1));
  }
};

/// TorchIO's RandomElasticDeformation (Pérez-García et al. 2021), in voxels where it has millimetres.
struct ElasticOptions {
  double probability = 0, displacement = 7.5;
  int64_t points = 7;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("probability", probability, "share of samples that are bent, in the same interpolation as the rotation",
          config::between(0, 1));
    visit("displacement", displacement, "largest shift of a control point along each axis, in voxels",
          config::at_least(0));
    visit("points", points,
          "control points along each axis, of a cubic B-spline; the two outermost on each side are not shifted",
          config::between(5, 32));
  }
};

/// Rotations by right angles and exchanges of axes, among the axes of the patch that are equally long (the largest such
/// group); nothing is interpolated. Without two such axes they do nothing.
struct RightAnglesOptions {
  double probability = 0;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("probability", probability, "share of samples it is applied to; a quarter of these stay as they are",
          config::between(0, 1));
  }
};

struct TranspositionOptions {
  double probability = 0;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("probability", probability, "share of samples whose equally long axes are put in a random order",
          config::between(0, 1));
  }
};

struct MirrorOptions {
  double probability = 0.5;
  std::vector<int64_t> axes;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("probability", probability, "chance of each axis, drawn apart", config::between(0, 1));
    visit("axes", axes, "axes that may be mirrored, counted as in the patch size (3D: 0 = z); empty: all",
          config::between(0, 2));
  }
};

}  // namespace medvol::datasets
