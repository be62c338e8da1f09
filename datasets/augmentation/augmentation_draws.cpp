#include "datasets/augmentation/augmentation_draws.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "framework/core/error.h"

namespace medvol::datasets {
namespace {

using Matrix3 = std::array<std::array<double, 3>, 3>;

constexpr double degree = std::numbers::pi / 180;
constexpr double anisotropy_threshold = 3;  // nnU-Net's ANISO_THRESHOLD: longest axis over the first
constexpr double enlargement_scale = 0.85;  // nnU-Net enlarges by this, not by the scaling it draws
constexpr double elongated_patch = 1.5;     // 2D patches longer than this are rotated little

void check_range(double low, double high, const std::string& name) {
  if (low > high)
    throw core::UserError(fmt::format("augmentation.{}: low {} is above high {}", name, low, high),
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

double draw_factor(const FactorOptions& range, runtime::Philox& random) {
  const bool below = random.bernoulli(0.5);
  if (range.low < 1 && (below || range.high <= 1)) return random.uniform(range.low, std::min(1.0, range.high));
  return random.uniform(std::max(range.low, 1.0), range.high);
}

Matrix3 product(const Matrix3& left, const Matrix3& right) {
  Matrix3 result{};
  for (size_t row = 0; row < 3; ++row)
    for (size_t column = 0; column < 3; ++column)
      for (size_t k = 0; k < 3; ++k) result[row][column] += left[row][k] * right[k][column];
  return result;
}

/// Turns the plane of axes (a, b) so that the unit vector of a goes towards b.
Matrix3 plane_rotation(size_t a, size_t b, double angle) {
  Matrix3 result{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  result[a][a] = result[b][b] = std::cos(angle);
  result[b][a] = std::sin(angle);
  result[a][b] = -result[b][a];
  return result;
}

/// Axes are z, y, x = 0, 1, 2. Rotation about x, then y, then z as seen from the output, and one factor for all.
Matrix3 draw_matrix(const AugmentationSpecification& specification, bool rotate, bool scale, runtime::Philox& random) {
  Matrix3 matrix{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  const double limit = specification.rotation_limit;
  if (rotate && specification.in_plane) matrix = plane_rotation(1, 2, random.uniform(-limit, limit));
  if (rotate && !specification.in_plane) {
    const Matrix3 about_x = plane_rotation(0, 1, random.uniform(-limit, limit));
    const Matrix3 about_y = plane_rotation(2, 0, random.uniform(-limit, limit));
    const Matrix3 about_z = plane_rotation(1, 2, random.uniform(-limit, limit));
    matrix = product(about_x, product(about_y, about_z));
  }
  if (!scale) return matrix;
  const double factor = random.uniform(specification.options.scaling.low, specification.options.scaling.high);
  for (size_t row = specification.in_plane ? 1 : 0; row < 3; ++row)
    for (double& entry : matrix[row]) entry *= factor;
  return matrix;
}

void draw_factors(const FactorOptions& options, double ChannelDraws::*into, AugmentationDraws& draws,
                  runtime::Philox& random) {
  if (!random.bernoulli(options.probability)) return;
  for (ChannelDraws& channel : draws.channels) channel.*into = draw_factor(options, random);
}

void draw_blur(const AugmentationSpecification& specification, AugmentationDraws& draws, runtime::Philox& random) {
  const BlurOptions& blur = specification.options.blur;
  if (!random.bernoulli(blur.probability)) return;
  for (ChannelDraws& channel : draws.channels) {
    if (!random.bernoulli(blur.channel_probability)) continue;
    for (size_t axis = specification.dimensions == 2 ? 1 : 0; axis < 3; ++axis)
      channel.blur_sigma[axis] = random.uniform(blur.low, blur.high);
  }
}

void draw_low_resolution(const LowResolutionOptions& options, AugmentationDraws& draws, runtime::Philox& random) {
  if (!random.bernoulli(options.probability)) return;
  for (ChannelDraws& channel : draws.channels)
    if (random.bernoulli(options.channel_probability))
      channel.low_resolution = random.uniform(options.low, options.high);
}

}  // namespace

AugmentationSpecification specify(const AugmentationOptions& options, const std::vector<int64_t>& patch_size) {
  MEDVOL_CHECK(patch_size.size() == 2 || patch_size.size() == 3, "a patch of {} axes", patch_size.size());
  check_range(options.scaling.low, options.scaling.high, "scaling");
  check_range(options.blur.low, options.blur.high, "blur");
  check_range(options.brightness.low, options.brightness.high, "brightness");
  check_range(options.contrast.low, options.contrast.high, "contrast");
  check_range(options.low_resolution.low, options.low_resolution.high, "low_resolution");
  check_range(options.gamma_inverted.low, options.gamma_inverted.high, "gamma_inverted");
  check_range(options.gamma.low, options.gamma.high, "gamma");

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

  const size_t first_axis = 3 - patch_size.size();
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

void draw(const AugmentationSpecification& specification, int64_t channels, runtime::Philox& random,
          AugmentationDraws& into) {
  const AugmentationOptions& options = specification.options;
  into.channels.assign(static_cast<size_t>(channels), ChannelDraws{});
  into.interpolate = false;
  into.matrix = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  into.mirror = {};
  into.noise_sigma = 0;
  into.noise_key = 0;
  if (!options.enabled) return;

  const bool rotate = random.bernoulli(options.rotation.probability);
  const bool scale = random.bernoulli(options.scaling.probability);
  into.interpolate = rotate || scale;
  into.matrix = draw_matrix(specification, rotate, scale, random);
  if (random.bernoulli(options.noise.probability)) {
    into.noise_sigma = random.uniform(0, options.noise.sigma);
    into.noise_key = random.next_u64();
  }
  draw_blur(specification, into, random);
  draw_factors(options.brightness, &ChannelDraws::brightness, into, random);
  draw_factors(options.contrast, &ChannelDraws::contrast, into, random);
  draw_low_resolution(options.low_resolution, into, random);
  draw_factors(options.gamma_inverted, &ChannelDraws::gamma_inverted, into, random);
  draw_factors(options.gamma, &ChannelDraws::gamma, into, random);
  for (size_t axis = 0; axis < 3; ++axis)
    if (specification.mirror_axes[axis]) into.mirror[axis] = random.bernoulli(options.mirror.probability);
}

}  // namespace medvol::datasets
