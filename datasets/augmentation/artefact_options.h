#pragma once
#include <cstdint>

#include "datasets/augmentation/step_chances.h"
#include "framework/config/fields.h"

/// What goes wrong in a scanner. Each channel is a scan of its own, so each draws its own. The models and, where they
/// are not said otherwise, the ranges are TorchIO's (Pérez-García et al. 2021, doi:10.1016/j.cmpb.2021.106236; values
/// of 0.20.23 are matched, tests/datasets/augmentation/golden/torchio_artefacts.py). It differs where it fills k-space
/// for motion along the last axis only and turns about the origin of the file's coordinates; here along any axis, about
/// the patch's centre.
namespace medvol::datasets {

struct BiasFieldOptions {
  double probability = 0, channel_probability = 0.5, coefficient = 0.5;
  int64_t order = 3;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit_chances(visit, *this, "share of samples whose intensities vary smoothly over the image");
    visit("coefficient", coefficient,
          "each coefficient of the polynomial, whose exponential is the factor, is drawn from ± this",
          config::at_least(0));
    visit("order", order, "of the polynomial in x, y and z, each from -1 to 1", config::between(1, 5));
  }
};

struct MotionOptions {
  double probability = 0, channel_probability = 0.5, degrees = 10, translation = 10;
  int64_t movements = 2;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit_chances(visit, *this, "share of samples whose patient moved while k-space was filled");
    visit("degrees", degrees, "largest angle about each axis", config::between(0, 180));
    visit("translation", translation, "largest shift along each axis, in voxels (TorchIO: in millimetres)",
          config::at_least(0));
    visit("movements", movements, "how often the patient moved", config::between(1, 8));
  }
};

struct GhostingOptions {
  double probability = 0, channel_probability = 0.5, low = 0.5, high = 1;
  int64_t few = 4, many = 10;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit_chances(visit, *this, "share of samples with fainter copies of the image along an axis");
    visit("low", low, "smallest share by which every n-th plane of k-space is weakened", config::between(0, 1));
    visit("high", high, "largest share by which every n-th plane of k-space is weakened", config::between(0, 1));
    visit("few", few, "smallest n", config::at_least(2));
    visit("many", many, "largest n", config::at_least(2));
  }
};

struct SpikeOptions {
  double probability = 0, channel_probability = 0.5, low = 1, high = 3;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit_chances(visit, *this, "share of samples with stripes, from one wrong value of k-space");
    visit("low", low,
          "smallest ratio of the wrong value to the largest magnitude in k-space (TorchIO: the largest real part, the "
          "same where the image's mean is large)",
          config::at_least(0));
    visit("high", high, "largest ratio of the wrong value to the largest magnitude in k-space", config::at_least(0));
  }
};

struct AnisotropyOptions {
  double probability = 0, channel_probability = 0.5, low = 1.5, high = 5;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit_chances(visit, *this, "share of samples taken through thick slices along one axis");
    visit(
        "low", low,
        "smallest thickness of a slice in voxels, rounded so that slices fill the patch (TorchIO: as many as fit, and "
        "zeros where none reaches)",
        config::at_least(1));
    visit("high", high, "largest thickness of a slice in voxels", config::at_least(1));
  }
};

/// MONAI's RandHistogramShift.
struct HistogramShiftOptions {
  double probability = 0, channel_probability = 1;
  int64_t few = 10, many = 10;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit_chances(visit, *this, "share of samples whose intensities go through a random increasing curve");
    visit("few", few, "smallest number of points of the curve, straight between them", config::at_least(3));
    visit("many", many, "largest number of points of the curve", config::between(3, 64));
  }
};

}  // namespace medvol::datasets
