#include "framework/geometry/surface_distance.h"

#include <gtest/gtest.h>

#include "framework/core/error.h"
#include "framework/geometry/coordinates.h"
#include "framework/geometry/isosurface.h"
#include "framework/geometry/smoothing.h"
#include "framework/geometry/surface_sampling.h"
#include "framework/geometry/surface_tree.h"
#include "tests/framework/geometry/shapes.h"

namespace medvol::geometry {
namespace {

/// A soft ball around the middle of a grid of 1 mm, as a mesh.
Mesh ball(double radius, std::array<double, 3> centre = {12, 12, 12}) {
  const at::Tensor axis = at::arange(25, at::kDouble);
  const at::Tensor squared = (axis - centre[2]).square().view({-1, 1, 1}) + (axis - centre[1]).square().view({-1, 1}) +
                             (axis - centre[0]).square();
  return isosurface(radius - squared.sqrt(), {.size = {25, 25, 25}}, 0);
}

TEST(SurfaceTree, NearestInTriangleInEveryRegion) {
  const Point a{0, 0, 0}, b{4, 0, 0}, c{0, 4, 0};
  const auto expect = [&](Point from, Point to) {
    const Point found = nearest_in_triangle(from, a, b, c);
    for (size_t k = 0; k < 3; ++k) EXPECT_NEAR(found[k], to[k], 1e-12);
  };
  expect({1, 1, 5}, {1, 1, 0});
  expect({-1, -2, 1}, a);
  expect({9, -1, 1}, b);
  expect({-1, 9, 1}, c);
  expect({2, -3, 1}, {2, 0, 0});
  expect({-3, 1, 1}, {0, 1, 0});
  expect({4, 4, 1}, {2, 2, 0});
  const Point flat = nearest_in_triangle({1, 1, 0}, a, {2, 0, 0}, {4, 0, 0});  // no area
  EXPECT_NEAR(flat[0], 1, 1e-12);
}

TEST(SurfaceTree, EqualsTheSearchThroughAllTriangles) {
  const Mesh mesh = ball(7);
  const SurfaceTree tree(mesh);
  at::manual_seed(4);
  const at::Tensor points = at::rand({60, 3}, at::kDouble) * 30 - 3, distances = tree.distances(points);
  const auto vertices = mesh.vertices.accessor<double, 2>();
  const auto faces = mesh.faces.accessor<int64_t, 2>();
  const auto corner = [&](int64_t f, int64_t k) {
    const int64_t v = faces[f][k];
    return Point{vertices[v][0], vertices[v][1], vertices[v][2]};
  };
  for (int64_t i = 0; i < points.size(0); ++i) {
    const Point p{points[i][0].item<double>(), points[i][1].item<double>(), points[i][2].item<double>()};
    double best = 1e9;
    for (int64_t f = 0; f < mesh.face_count(); ++f) {
      const Point q = nearest_in_triangle(p, corner(f, 0), corner(f, 1), corner(f, 2));
      best = std::min(best, std::hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]));
    }
    EXPECT_NEAR(distances[i].item<double>(), best, 1e-12);
  }
  EXPECT_THROW(SurfaceTree({at::zeros({0, 3}), at::zeros({0, 3}, at::kLong)}), core::InternalError);
}

TEST(SurfaceSampling, IsSpreadByAreaRepeatsAndCarriesGradients) {
  const Mesh mesh = box(1, 2, 10);
  runtime::Philox first(5, runtime::purpose_sampling), second(5, runtime::purpose_sampling);
  const SurfaceSample sample = sample_surface(mesh, 6400, first);
  const at::Tensor points = sampled_points(sample, mesh.vertices, mesh.faces);
  EXPECT_TRUE(points.equal(sampled_points(sample_surface(mesh, 6400, second), mesh.vertices, mesh.faces)));
  EXPECT_EQ((points.select(1, 2) < 1e-12).sum().item<int64_t>(), 200);  // 2 of 64 mm² are the floor
  EXPECT_NEAR(points.mean(0)[2].item<double>(), 5, 0.1);
  EXPECT_NEAR(SurfaceTree(mesh).distances(points).max().item<double>(), 0, 1e-9);
  at::Tensor vertices = mesh.vertices.clone().requires_grad_();
  sampled_points(sample, vertices, mesh.faces).select(1, 0).sum().backward();
  EXPECT_NEAR(vertices.grad().select(1, 0).sum().item<double>(), 6400, 1e-6);  // barycentric weights add up to 1
  EXPECT_EQ(vertices.grad().select(1, 1).abs().max().item<double>(), 0);
}

TEST(SurfaceDistance, ConcentricBallsLieTheDifferenceOfTheirRadiiApart) {
  const SurfaceDistance distance = surface_distance(ball(9), ball(6.5), 2000);
  EXPECT_NEAR(distance.mean, 2.5, 0.05);
  EXPECT_NEAR(distance.hd95, 2.5, 0.1);
  EXPECT_NEAR(distance.maximum, 2.5, 0.2);
  const SurfaceDistance same = surface_distance(ball(6), ball(6), 500);
  EXPECT_NEAR(same.maximum, 0, 1e-9);
}

TEST(SurfaceDistance, OfAShiftedPlateIsDirectedBothWays) {
  // A long plate and one of half its length: the far half of the long one is 0 … 50 mm from the short one.
  const SurfaceDistance distance = surface_distance(box(100, 100, 0.01), box(50, 100, 0.01), 20000);
  EXPECT_NEAR(distance.mean, (50.0 / 4 + 0) / 2, 0.05);
  EXPECT_NEAR(distance.hd95, 45, 0.1);
  EXPECT_NEAR(distance.maximum, 50, 0.1);
}

TEST(Taubin, FlattensAStaircaseAndKeepsTheVolume) {
  const at::Tensor axis = at::arange(25, at::kDouble) - 12;
  const at::Tensor squared = axis.square().view({-1, 1, 1}) + axis.square().view({-1, 1}) + axis.square();
  const Mesh stairs = isosurface(squared < 81, {.size = {25, 25, 25}}), smooth = taubin_smoothed(stairs);
  const auto roughness = [](const Mesh& mesh) {
    const at::Tensor centred = mesh.vertices - 12;
    return centred.norm(2, 1).std().item<double>();
  };
  EXPECT_LT(roughness(smooth), 0.6 * roughness(stairs));
  EXPECT_NEAR(enclosed_volume(smooth) / enclosed_volume(stairs), 1, 0.01);
  EXPECT_TRUE(taubin_smoothed(stairs, {.iterations = 0}).vertices.equal(stairs.vertices));
  EXPECT_LT(surface_area(smooth), 0.97 * surface_area(stairs));
}

TEST(Coordinates, IndicesAndPointsThereAndBack) {
  for (const bool mirrored : {false, true}) {
    const imaging::Geometry grid = oblique_grid({5, 6, 7}, mirrored);
    EXPECT_EQ(is_mirrored(grid), mirrored);
    const at::Tensor indices = at::tensor({0., 0., 0., 1., 2.5, -3.}, at::kDouble).view({2, 3});
    const at::Tensor points = to_physical(indices, grid);
    EXPECT_TRUE(points[0].allclose(at::tensor({-20., 31., 7.}, at::kDouble)));
    EXPECT_TRUE(to_indices(points, grid).allclose(indices));
  }
  imaging::Geometry damaged{.size = {2, 2, 2}};
  damaged.direction[8] = 0;
  EXPECT_THROW(to_indices(at::zeros({1, 3}), damaged), core::UserError);
}

TEST(Coordinates, ImageSamplesAreLinearBetweenVoxelsAndConstantOutside) {
  const imaging::Geometry grid = oblique_grid({4, 3, 5}, true);
  const at::Tensor x = at::arange(4, at::kFloat), y = at::arange(3, at::kFloat), z = at::arange(5, at::kFloat);
  const at::Tensor ramp = (x + 10 * y.view({-1, 1}) + 100 * z.view({-1, 1, 1})).unsqueeze(0);
  const at::Tensor image = at::cat({ramp, -ramp});
  const at::Tensor indices = at::tensor({0., 0., 0., 2.5, 1.25, 3.5, 9., 9., 9.}, at::kDouble).view({3, 3});
  const at::Tensor samples = sample_image(image, grid, to_physical(indices, grid));
  ASSERT_EQ(samples.sizes(), at::IntArrayRef({3, 2}));
  EXPECT_NEAR(samples[0][0].item<double>(), 0, 1e-3);
  EXPECT_NEAR(samples[1][0].item<double>(), 365, 1e-3);
  EXPECT_NEAR(samples[1][1].item<double>(), -365, 1e-3);
  EXPECT_NEAR(samples[2][0].item<double>(), 423, 1e-3);
}

}  // namespace
}  // namespace medvol::geometry
