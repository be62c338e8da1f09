#include "framework/imaging/registration.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <functional>

#include "framework/core/error.h"

namespace medvol::imaging {
namespace {

using Point = std::array<double, 3>;

/// A body with organs: bright where a point (mm) is, on several scales.
double anatomy(const Point& p) {
  const auto ball = [&](double x, double y, double z, double radius) {
    const double d = std::sqrt(std::pow(p[0] - x, 2) + std::pow(p[1] - y, 2) + std::pow((p[2] - z) * 1.2, 2));
    return 1 / (1 + std::exp((d - radius) / 1.5));
  };
  return 40 * ball(0, 0, 0, 34) + 60 * ball(12, 6, 4, 10) + 90 * ball(-14, -6, -6, 8) - 30 * ball(2, -16, 10, 7);
}

/// `value` of each voxel's place: 40 × 44 × 36 voxels of 2 mm about the origin.
Volume sampled(const std::function<double(const Point&)>& value) {
  Volume volume;
  volume.geometry.size = {40, 44, 36};
  volume.geometry.spacing = {2, 2, 2};
  volume.geometry.origin = {-39, -43, -35};
  volume.data = torch::empty({36, 44, 40});
  auto voxels = volume.data.accessor<float, 3>();
  for (int64_t z = 0; z < 36; ++z)
    for (int64_t y = 0; y < 44; ++y)
      for (int64_t x = 0; x < 40; ++x)
        voxels[z][y][x] = float(value({-39 + 2. * double(x), -43 + 2. * double(y), -35 + 2. * double(z)}));
  return volume;
}

/// Turned by 8 degrees about z and shifted: where a point of the fixed image lies in the moving one.
Point moved(const Point& p) {
  const double c = std::cos(0.14), s = std::sin(0.14);
  return {c * p[0] - s * p[1] + 4, s * p[0] + c * p[1] - 3, p[2] + 2};
}
/// Its inverse.
Point back(const Point& q) {
  const double c = std::cos(0.14), s = std::sin(0.14), x = q[0] - 4, y = q[1] + 3;
  return {c * x + s * y, -s * x + c * y, q[2] - 2};
}

double distance(const Point& a, const Point& b) { return std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]); }

/// Largest distance, mm, between where `found` and `truth` put points of the body.
double error_of(const Alignment& found, const std::function<Point(const Point&)>& truth) {
  double largest = 0;
  for (const double x : {-20., 0., 20.})
    for (const double y : {-20., 0., 20.})
      for (const double z : {-15., 0., 15.}) largest = std::max(largest, distance(found({x, y, z}), truth({x, y, z})));
  return largest;
}

TEST(Registration, FindsARigidMotionAcrossModalities) {
  const Volume fixed = sampled(anatomy);
  // Another contrast: dark where the other is bright, and not in proportion.
  const Volume moving =
      sampled([](const Point& p) { return 900 - 6 * anatomy(back(p)) + 0.02 * std::pow(anatomy(back(p)), 2); });
  const Alignment found = register_images(fixed, moving, Motion::rigid);
  EXPECT_LT(error_of(found, moved), 1) << "mm, half a voxel";
  EXPECT_GT(error_of(Alignment(), moved), 5);
  ASSERT_TRUE(found.invertible());
  const Alignment inverse = found.inverse();
  EXPECT_LT(distance(inverse(found({7, -9, 11})), {7, -9, 11}), 1e-6);
  const Alignment again = register_images(fixed, moving, Motion::rigid);
  EXPECT_EQ(found({7, -9, 11}), again({7, -9, 11})) << "repeats bit for bit";
}

TEST(Registration, ResamplesOntoTheFixedGrid) {
  const Volume fixed = sampled(anatomy), moving = sampled([](const Point&p) { return anatomy(back(p)); });
  const at::Tensor before = moving.data - fixed.data;
  const at::Tensor after =
      register_images(fixed, moving, Motion::affine).resample(moving.data, moving.geometry, fixed.geometry) -
      fixed.data;
  const auto middle = [](const at::Tensor& image) {
    return image.slice(0, 8, 28).slice(1, 8, 36).slice(2, 8, 32).abs().mean().item<double>();
  };
  EXPECT_LT(middle(after), 0.12 * middle(before));
}

TEST(Registration, BendsWhereTheBodyBent) {
  const Volume still = sampled(anatomy),
               bent = sampled([](const Point&p) {
                 return anatomy({p[0] + 4 * std::sin(p[1] / 14), p[1], p[2] + 2 * std::cos(p[0] / 16)});
               });
  const auto left = [&](Motion motion) {  // difference that is left, within the body
    const Alignment found =
        register_images(bent, still, motion, {.iterations = 20, .levels = 2, .control_spacing = 22});
    EXPECT_EQ(found.invertible(), motion != Motion::deformable);
    const at::Tensor difference = found.resample(still.data, still.geometry, bent.geometry) - bent.data;
    return difference.slice(0, 8, 28).slice(1, 8, 36).slice(2, 8, 32).abs().mean().item<double>();
  };
  EXPECT_LT(left(Motion::deformable), 0.5 * left(Motion::affine));
}

TEST(Registration, OfImagesThatDoNotOverlapIsRefused) {
  const Volume fixed = sampled(anatomy);
  Volume far = fixed;
  far.geometry.origin = {4000, 0, 0};
  EXPECT_THROW(register_images(fixed, far, Motion::rigid), core::UserError);
}

TEST(Registration, NoMotionIsNoChange) {
  const Volume fixed = sampled(anatomy);
  const at::Tensor same =
      register_images(fixed, fixed, Motion::none).resample(fixed.data, fixed.geometry, fixed.geometry);
  EXPECT_TRUE(torch::allclose(same, fixed.data, 0, 1e-5));
}

TEST(AlignSlices, PutsShiftedSlicesBack) {
  const Volume still = sampled(anatomy);
  const Volume shaken = sampled([](const Point& p) {
    const int slice = int(std::lround((p[2] + 35) / 2));
    const double shift = slice % 4 == 1 ? 3.5 : slice % 4 == 3 ? -3 : 0;
    return anatomy({p[0] + shift, p[1] - shift / 2, p[2]});
  });
  const at::Tensor calm = align_slices(shaken.data, shaken.geometry);
  const auto jump = [](const at::Tensor& stack) {  // between neighbours, over the body's middle
    const at::Tensor middle = stack.slice(0, 8, 28).slice(1, 6, 38).slice(2, 6, 34);
    return (middle.slice(0, 1) - middle.slice(0, 0, -1)).abs().mean().item<double>();
  };
  EXPECT_GT(jump(shaken.data), 1.3 * jump(still.data));
  EXPECT_LT(jump(calm), 1.1 * jump(still.data));
  EXPECT_TRUE(torch::equal(align_slices(torch::ones({3, 4, 4}), still.geometry), torch::ones({3, 4, 4})));
}

}  // namespace
}  // namespace medvol::imaging
