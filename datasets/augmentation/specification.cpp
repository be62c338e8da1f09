#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "datasets/augmentation/augmentation_draws.h"
#include "framework/core/error.h"

namespace medvol::datasets {
namespace {

constexpr double degree = std::numbers::pi / 180;
constexpr double anisotropy_threshold = 3;  // nnU-Net's ANISO_THRESHOLD: longest axis over the first
constexpr double enlargement_scale = 0.85;  // nnU-Net enlarges by this, not by the scaling it draws
constexpr double elongated_patch = 1.5;     // 2D patches longer than this are rotated little

void check_range(double low, double high, const std::string& name, const std::string& lower = "low",
                 const std::string& upper = "high") {
  if (low > high)
    throw core::UserError(fmt::format("augmentation.{}: {} {} is above {} {}", name, lower, low, upper, high),
                          "augmentation." + name, "swap them");
}

double default_rotation_degrees(const AugmentationSpecification& specification) {
  if (specification.dimensions == 3) return specification.in_plane ? 180 : 30;
  const auto [shorter, longer] = std::minmax(specification.patch_size[1], specification.patch_size[2]);
  return static_cast<double>(longer) > elongated_patch * static_cast<double>(shorter) ? 15 : 180;
}

Index3 enlarged(const AugmentationSpecification& specification) {
  const double angle = std::min(specification.rotation_limit, std::numbers::pi / 2);
  const double c = std::cos(angle), s = std::sin(angle);
  const auto& patch = specification.patch_size;
  std::array<double, 3> box{double(patch[0]), double(patch[1]), double(patch[2])};
  const std::array<double, 3> corner = box;
  const auto rotate = [&](size_t a, size_t b) {
    box[a] = std::max(box[a], std::abs(corner[a] * c + corner[b] * s));
    box[b] = std::max(box[b], std::abs(corner[b] * c - corner[a] * s));
  };
  rotate(1, 2);
  if (specification.dimensions == 3) {
    rotate(2, 0);
    rotate(0, 1);
  }
  Index3 size;
  for (size_t axis = 0; axis < 3; ++axis) size[axis] = static_cast<int64_t>(box[axis] / enlargement_scale);
  if (specification.in_plane) size[0] = patch[0];
  return size;
}

void check_ranges(const AugmentationOptions& options) {
  check_range(options.scaling.low, options.scaling.high, "scaling");
  check_range(options.blur.low, options.blur.high, "blur");
  check_range(double(options.median.low), double(options.median.high), "median");
  check_range(options.brightness.low, options.brightness.high, "brightness");
  check_range(options.contrast.low, options.contrast.high, "contrast");
  check_range(options.free_contrast.low, options.free_contrast.high, "free_contrast");
  check_range(options.low_resolution.low, options.low_resolution.high, "low_resolution");
  check_range(options.gamma_inverted.low, options.gamma_inverted.high, "gamma_inverted");
  check_range(options.gamma.low, options.gamma.high, "gamma");
  check_range(options.cut_out.low, options.cut_out.high, "cut_out");
  check_range(options.brightness_gradient.low, options.brightness_gradient.high, "brightness_gradient");
  check_range(options.local_gamma.low, options.local_gamma.below, "local_gamma", "low", "below");
  check_range(options.local_gamma.above, options.local_gamma.high, "local_gamma", "above", "high");
  check_range(options.previous_morphology.low, options.previous_morphology.high, "previous_morphology");
  check_range(options.sharpening.low, options.sharpening.high, "sharpening");
  check_range(options.ghosting.low, options.ghosting.high, "ghosting");
  check_range(options.spike.low, options.spike.high, "spike");
  check_range(options.anisotropy.low, options.anisotropy.high, "anisotropy");
  check_range(double(options.ghosting.few), double(options.ghosting.many), "ghosting", "few", "many");
  check_range(double(options.histogram_shift.few), double(options.histogram_shift.many), "histogram_shift", "few",
              "many");
}

/// Two steps of which a sample gets one at most.
void check_either(double first, double second, const std::string& one, const std::string& other) {
  if (first + second > 1)
    throw core::UserError(
        fmt::format("augmentation.{} and augmentation.{} exclude each other, and their probabilities {} and {} add up "
                    "to more than 1",
                    one, other, first, second),
        "augmentation." + one + ".probability", "lower one of them");
}

/// The largest group of equally long axes of the patch; empty when no two are. z, y, x.
std::vector<size_t> exchangeable_axes(const std::vector<int64_t>& patch_size) {
  std::vector<int64_t> alike;
  for (const int64_t size : patch_size) alike.push_back(std::count(patch_size.begin(), patch_size.end(), size));
  const int64_t most = *std::max_element(alike.begin(), alike.end());
  std::vector<size_t> axes;
  if (most < 2) return axes;
  for (size_t axis = 0; axis < patch_size.size(); ++axis)
    if (alike[axis] == most) axes.push_back(3 - patch_size.size() + axis);
  return axes;
}

}  // namespace

AugmentationSpecification specify(const AugmentationOptions& options, const std::vector<int64_t>& patch_size) {
  MEDVOL_CHECK(patch_size.size() == 2 || patch_size.size() == 3, "a patch of {} axes", patch_size.size());
  check_ranges(options);
  check_either(options.median.probability, options.blur.probability, "median", "blur");
  check_either(options.contrast.probability, options.free_contrast.probability, "contrast", "free_contrast");

  AugmentationSpecification result;
  result.options = options;
  result.dimensions = static_cast<int64_t>(patch_size.size());
  result.patch_size = {1, 1, 1};
  std::copy(patch_size.rbegin(), patch_size.rend(), result.patch_size.rbegin());
  const int64_t longest = *std::max_element(patch_size.begin(), patch_size.end());
  const bool flat = double(longest) > anisotropy_threshold * double(patch_size.front());
  result.in_plane = result.dimensions == 2 || options.dummy_2d.value_or(flat);
  result.rotation_limit = options.rotation.degrees.value_or(default_rotation_degrees(result)) * degree;
  result.source_size = options.enabled ? enlarged(result) : result.patch_size;

  result.exchangeable = exchangeable_axes(patch_size);

  const size_t first_axis = result.first_axis();
  if (options.mirror.axes.empty())
    for (size_t axis = first_axis; axis < 3; ++axis) result.mirror_axes[axis] = true;
  for (const int64_t axis : options.mirror.axes) {
    if (axis < 0 || axis >= result.dimensions)
      throw core::UserError(
          fmt::format("augmentation.mirror.axes: a patch of {} axes has no axis {}", patch_size.size(), axis),
          "augmentation.mirror.axes", fmt::format("axes count from 0 to {}", patch_size.size() - 1));
    result.mirror_axes[first_axis + static_cast<size_t>(axis)] = true;
  }
  return result;
}

}  // namespace medvol::datasets
