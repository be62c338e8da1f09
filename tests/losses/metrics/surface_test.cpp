#include "losses/metrics/surface.h"

#include <gtest/gtest.h>

#include <ATen/Parallel.h>
#include <cmath>
#include <numbers>

#include "framework/core/error.h"
#include "losses/metrics/distance_field.h"
#include "tests/losses/metrics/shapes.h"

namespace medvol::metrics {
namespace {

const std::vector<SurfaceDefinition> definitions{SurfaceDefinition::surfels, SurfaceDefinition::medpy,
                                                 SurfaceDefinition::monai, SurfaceDefinition::all_voxels};

/// Two cubes of `edge` voxels, the predicted one shifted by `shift` voxels (z, y, x).
MaskPair shifted_cubes(int64_t edge, std::array<int64_t, 3> shift, std::array<double, 3> spacing) {
  const std::array<int64_t, 3> size{edge + shift[0], edge + shift[1], edge + shift[2]};
  auto reference = tests::empty_map(size), prediction = tests::empty_map(size);
  tests::paint(reference, {0, 0, 0}, {edge, edge, edge}, 1);
  tests::paint(prediction, shift, {edge, edge, edge}, 1);
  return mask_pair(reference, prediction, {"1", {1}}, std::nullopt, {{0, 0, 0}, size}, spacing, 3);
}

MaskPair swapped(MaskPair masks) {
  for (auto& voxel : masks.bits) voxel = uint8_t((voxel & 1) << 1 | (voxel >> 1 & 1));
  return masks;
}

double area_of(const std::vector<SurfaceElement>& elements) {
  double area = 0;
  for (const auto& element : elements) area += element.weight;
  return area;
}

double brute_force(const std::vector<uint8_t>& mask, std::array<int64_t, 3> size, std::array<double, 3> spacing,
                   std::array<int64_t, 3> from) {
  double best = std::numeric_limits<double>::infinity();
  size_t voxel = 0;
  for (int64_t z = 0; z < size[0]; ++z)
    for (int64_t y = 0; y < size[1]; ++y)
      for (int64_t x = 0; x < size[2]; ++x)
        if (mask[voxel++])
          best = std::min(best, std::hypot(double(z - from[0]) * spacing[0], double(y - from[1]) * spacing[1],
                                           double(x - from[2]) * spacing[2]));
  return best;
}

TEST(DistanceField, EqualToBruteForceOnRandomMasksWithAnisotropicSpacing) {
  const std::vector<std::array<int64_t, 3>> sizes{{7, 12, 9}, {1, 17, 13}, {13, 1, 5}, {6, 8, 1}};
  const std::array<double, 3> spacing{3.3, 0.586, 0.9};
  uint64_t seed = 0;
  for (const auto& size : sizes) {
    for (const double share : {0.004, 0.05, 0.5}) {
      const auto mask = tests::random_bits(size, share, ++seed, 1);
      const DistanceField field(mask, 1, size, spacing);
      for (int64_t z = 0; z < size[0]; ++z)
        for (int64_t y = 0; y < size[1]; ++y)
          for (int64_t x = 0; x < size[2]; ++x) {
            const double expected = brute_force(mask, size, spacing, {z, y, x});
            const double distance = field.at(z, y, x);
            if (std::isinf(expected))
              EXPECT_TRUE(std::isinf(distance));
            else
              ASSERT_NEAR(distance, expected, 1e-12) << "seed " << seed << " at " << z << ' ' << y << ' ' << x;
          }
    }
  }
}

TEST(DistanceField, ReadsOnlyTheBitAskedFor) {
  const std::vector<uint8_t> mask{1, 0, 0, 2};
  const DistanceField first(mask, 1, {1, 1, 4}, {1, 1, 2});
  const DistanceField second(mask, 2, {1, 1, 4}, {1, 1, 2});
  EXPECT_DOUBLE_EQ(first.at(0, 0, 3), 6);
  EXPECT_DOUBLE_EQ(second.at(0, 0, 0), 6);
  EXPECT_DOUBLE_EQ(second.at(0, 0, 3), 0);
}

TEST(Surfels, AreasOfPlanesCornersAndSymmetry) {
  const std::array<double, 3> spacing{3, 2, 0.5};
  const auto areas = surfel_areas(spacing);
  EXPECT_EQ(areas[0], 0);
  EXPECT_EQ(areas[255], 0);
  EXPECT_NEAR(areas[0b00001111], 2 * 0.5, 1e-12);                           // four corners of dz = 0: a face across z
  EXPECT_NEAR(areas[0b00110011], 3 * 0.5, 1e-12);                           // dy = 0
  EXPECT_NEAR(areas[0b01010101], 3 * 2, 1e-12);                             // dx = 0
  EXPECT_NEAR(areas[1], std::hypot(2 * 0.5, 3 * 0.5, 3 * 2.0) / 8, 1e-12);  // a corner cut at half the edges
  EXPECT_NEAR(areas[3], std::hypot(2 * 0.5, 3 * 0.5) / 2, 1e-12);           // an edge along x: a slanted rectangle
  for (size_t code = 1; code < 255; ++code) {
    EXPECT_GT(areas[code], 0) << code;
    EXPECT_EQ(areas[code], areas[255 - code]) << code;
  }
}

TEST(Surfels, AreaOfABoxAndOfAPlaneContour) {
  // A cube of n voxels: faces n × n less the bevelled rim: per face (n-1)², 12 edges of n-1, 8 corners.
  const int64_t n = 6;
  const auto cubes = compare_surfaces(shifted_cubes(n, {0, 0, 0}, {1, 1, 1}), SurfaceDefinition::surfels);
  const double faces = 6 * double((n - 1) * (n - 1)), edges = 12 * double(n - 1) * std::sqrt(2) / 2;
  EXPECT_NEAR(area_of(cubes.from_reference), faces + edges + 8 * std::sqrt(3) / 8, 1e-9);

  auto square = tests::empty_map({1, 9, 9});
  tests::paint(square, {0, 2, 2}, {1, 4, 5}, 1);
  const auto masks = mask_pair(square, square, {"1", {1}}, std::nullopt, {{0, 2, 2}, {1, 4, 5}}, {7, 2, 0.5}, 2);
  const auto contour = compare_surfaces(masks, SurfaceDefinition::surfels);
  EXPECT_NEAR(area_of(contour.from_reference), 2 * (3 * 2 + 4 * 0.5) + 4 * 0.5 * std::hypot(2, 0.5), 1e-12);
  EXPECT_EQ(contour.from_reference.size(), 5 * 6u - 3 * 4u);
}

TEST(Surfels, SphereHasItsArea) {
  const int64_t n = 45;
  auto sphere = tests::empty_map({n, n, n});
  auto view = sphere.accessor<int, 3>();
  const double radius = 20;
  for (int64_t z = 0; z < n; ++z)
    for (int64_t y = 0; y < n; ++y)
      for (int64_t x = 0; x < n; ++x) view[z][y][x] = std::hypot(z - 22.0, y - 22.0, x - 22.0) <= radius;
  const auto masks = mask_pair(sphere, sphere, {"1", {1}}, std::nullopt, {{0, 0, 0}, {n, n, n}}, {1, 1, 1}, 3);
  const double area = area_of(compare_surfaces(masks, SurfaceDefinition::surfels).from_reference);
  // Binary marching cubes overestimates a sphere's area, by 8 to 9 % in the limit.
  EXPECT_NEAR(area / (4 * std::numbers::pi * radius * radius), 1.085, 0.015);
}

TEST(Surfaces, ShiftedCubesAreAsFarApartAsTheShift) {
  const std::array<double, 3> spacing{3.0, 2.0, 0.5};
  for (int axis = 0; axis < 3; ++axis) {
    std::array<int64_t, 3> shift{0, 0, 0};
    shift[size_t(axis)] = 2;
    for (const auto definition : definitions) {
      const auto comparison = compare_surfaces(shifted_cubes(8, shift, spacing), definition);
      EXPECT_NEAR(comparison.hausdorff(), 2 * spacing[size_t(axis)], 1e-12) << surface_name(definition) << axis;
      EXPECT_LE(comparison.hausdorff(95), comparison.hausdorff());
      EXPECT_NEAR(comparison.normalised(2 * spacing[size_t(axis)]), 1, 1e-12);
      EXPECT_LT(comparison.normalised(0), 1);
    }
  }
}

TEST(Surfaces, DefinitionsDifferInTheAverageAsDocumented) {
  auto reference = tests::empty_map({3, 3, 12}), prediction = tests::empty_map({3, 3, 12});
  tests::paint(reference, {1, 1, 1}, {1, 1, 1}, 1);
  tests::paint(prediction, {1, 1, 1}, {1, 1, 4}, 1);  // distances 0 | 0 1 2 3
  const auto masks = mask_pair(reference, prediction, {"1", {1}}, std::nullopt, {{0, 0, 0}, {3, 3, 12}}, {1, 1, 1}, 3);
  const auto medpy = compare_surfaces(masks, SurfaceDefinition::medpy);
  const auto monai = compare_surfaces(masks, SurfaceDefinition::monai);
  const auto voxels = compare_surfaces(masks, SurfaceDefinition::all_voxels);
  EXPECT_DOUBLE_EQ(medpy.average_symmetric(), 6.0 / 5);
  EXPECT_DOUBLE_EQ(monai.average_symmetric(), 6.0 / 5);
  EXPECT_DOUBLE_EQ(voxels.average_symmetric(), (0 + 6.0 / 4) / 2);
  EXPECT_DOUBLE_EQ(medpy.hausdorff(95), 2.8);   // 0 0 1 2 3, position 3.8
  EXPECT_DOUBLE_EQ(monai.hausdorff(95), 2.85);  // 0 1 2 3, position 2.85
  EXPECT_DOUBLE_EQ(monai.normalised(1), 3.0 / 5);
  EXPECT_DOUBLE_EQ(monai.overlap(1)[1], 0.5);
}

TEST(Surfaces, SymmetricInReferenceAndPrediction) {
  MaskPair masks{{6, 9, 11}, {2.5, 0.7, 1.1}, 3, tests::random_bits({6, 9, 11}, 0.3, 5, 2)};
  for (const auto definition : definitions) {
    const auto forth = compare_surfaces(masks, definition), back = compare_surfaces(swapped(masks), definition);
    EXPECT_DOUBLE_EQ(forth.hausdorff(95), back.hausdorff(95)) << surface_name(definition);
    EXPECT_DOUBLE_EQ(forth.average_symmetric(), back.average_symmetric());
    EXPECT_DOUBLE_EQ(forth.normalised(1), back.normalised(1));
    EXPECT_DOUBLE_EQ(forth.mean_from_reference(), back.mean_from_prediction());
  }
}

TEST(Surfaces, TheSameForAnyNumberOfThreads) {
  const MaskPair masks{{12, 15, 11}, {2.5, 0.7, 1.1}, 3, tests::random_bits({12, 15, 11}, 0.3, 6, 2)};
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const auto one = compare_surfaces(masks, SurfaceDefinition::surfels);
  at::set_num_threads(3);
  const auto three = compare_surfaces(masks, SurfaceDefinition::surfels);
  at::set_num_threads(threads);
  EXPECT_EQ(one.average_symmetric(), three.average_symmetric());
  EXPECT_EQ(one.normalised(0.7), three.normalised(0.7));
}

TEST(Surfaces, InThePlaneTheSliceHasNoLid) {
  auto square = tests::empty_map({1, 10, 10});
  tests::paint(square, {0, 2, 2}, {1, 6, 6}, 1);
  const Box box{{0, 2, 2}, {1, 6, 6}};
  const auto surface = [&](int dimensions) {
    const auto masks = mask_pair(square, square, {"1", {1}}, std::nullopt, box, {1, 1, 1}, dimensions);
    return compare_surfaces(masks, SurfaceDefinition::medpy);
  };
  const auto contour = surface(2), sheet = surface(3);
  EXPECT_EQ(contour.from_reference.size(), 20u);
  EXPECT_EQ(sheet.from_reference.size(), 36u);
}

TEST(Surfaces, AnEmptyMaskIsOurBug) {
  const MaskPair masks{{1, 1, 2}, {1, 1, 1}, 3, {1, 0}};
  EXPECT_THROW(compare_surfaces(masks, SurfaceDefinition::surfels), core::InternalError);
}

}  // namespace
}  // namespace medvol::metrics
