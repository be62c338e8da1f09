#include "framework/geometry/isosurface.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>

#include "framework/geometry/coordinates.h"
#include "framework/geometry/topology.h"
#include "tests/framework/geometry/shapes.h"

namespace medvol::geometry {
namespace {

constexpr double pi = 3.14159265358979323846;

/// Physical position of every voxel, [D·H·W, 3].
at::Tensor voxel_positions(const imaging::Geometry& grid) {
  const auto axis = [](int64_t n) { return at::arange(n, at::kDouble); };
  const auto mesh = at::meshgrid({axis(grid.size[2]), axis(grid.size[1]), axis(grid.size[0])}, "ij");
  return to_physical(at::stack({mesh[2].reshape(-1), mesh[1].reshape(-1), mesh[0].reshape(-1)}, 1), grid);
}

at::Tensor grid_centre(const imaging::Geometry& grid) {
  return to_physical(at::tensor({grid.size[0] / 2.0, grid.size[1] / 2.0, grid.size[2] / 2.0}, at::kDouble).view({1, 3}),
                     grid);
}

/// radius − distance from the centre of the grid, mm: positive inside.
at::Tensor ball(const imaging::Geometry& grid, double radius) {
  const auto size = grid.size_zyx();
  return (radius - (voxel_positions(grid) - grid_centre(grid)).norm(2, 1)).view(at::IntArrayRef(size));
}

TEST(CubeTriangles, NoDiagonalLiesOnAFaceOfTheCubeSoNeighboursNeverShareOne) {
  size_t most = 0;
  for (int inside = 0; inside < 256; ++inside) {
    const auto& triangles = cube_triangles()[size_t(inside)];
    most = std::max(most, triangles.size());
    std::map<std::pair<int, int>, int> sides;
    for (const auto& t : triangles)
      for (size_t k = 0; k < 3; ++k) ++sides[std::minmax(int(t[k]), int(t[(k + 1) % 3]))];
    for (const auto& [side, count] : sides) {
      ASSERT_LE(count, 2);
      // A side of one triangle is on a face of the cube, a diagonal between two is not.
      EXPECT_EQ(share_a_face(CubeEdge(side.first), CubeEdge(side.second)), count == 1) << inside;
    }
  }
  EXPECT_EQ(most, 5u);
  EXPECT_TRUE(cube_triangles()[0].empty());
  EXPECT_TRUE(cube_triangles()[255].empty());
}

TEST(Isosurface, AnyFieldGivesAClosedManifold) {
  for (const int64_t seed : {1, 2, 3}) {
    at::manual_seed(uint64_t(seed));
    const imaging::Geometry grid = oblique_grid({9, 8, 7}, seed == 2);
    const Mesh noise = isosurface(at::rand({7, 8, 9}), grid, 0.5);
    const Topology found = topology(noise.faces, noise.vertex_count());
    EXPECT_TRUE(found.closed()) << found.text();
    EXPECT_EQ(found.unused_vertices, 0);
    EXPECT_GT(face_areas(noise.vertices, noise.faces).min().item<double>(), 0);
    EXPECT_GT(enclosed_volume(noise), 0);
    const Mesh binary = isosurface(at::rand({7, 8, 9}) > 0.6, grid);
    EXPECT_TRUE(topology(binary.faces, binary.vertex_count()).closed());
  }
}

TEST(Isosurface, VolumeAndAreaOfABallConvergeOnAnObliqueAnisotropicGrid) {
  const double radius = 6, volume = 4.0 / 3 * pi * radius * radius * radius, area = 4 * pi * radius * radius;
  double errors[2];
  for (const int refinement : {0, 1}) {
    imaging::Geometry grid = oblique_grid({30, 20, 12}, refinement == 1);
    for (size_t a = 0; a < 3; ++a) {
      grid.size[a] *= 1 + refinement;
      grid.spacing[a] /= 1 + refinement;
    }
    const Mesh mesh = isosurface(ball(grid, radius), grid, 0);
    const Topology found = topology(mesh.faces, mesh.vertex_count());
    EXPECT_EQ(found.text(), "closed, 1 component, Euler characteristic 2");
    errors[refinement] = 1 - enclosed_volume(mesh) / volume;
    EXPECT_NEAR(surface_area(mesh), area, (refinement ? 0.004 : 0.015) * area);
    // Every vertex lies on the sphere, and its normal points away from the centre.
    const at::Tensor rays = mesh.vertices - grid_centre(grid), distances = rays.norm(2, 1);
    EXPECT_NEAR(distances.min().item<double>(), radius, refinement ? 0.02 : 0.08);
    EXPECT_NEAR(distances.max().item<double>(), radius, 1e-3);
    const at::Tensor cosine = (vertex_normals(mesh.vertices, mesh.faces) * rays).sum(1) / distances;
    EXPECT_GT(cosine.min().item<double>(), 0.97);
  }
  EXPECT_LT(errors[0], 0.02);
  EXPECT_LT(errors[1], errors[0] / 3);  // second order: a quarter
}

TEST(Isosurface, ABlockOfVoxelsHasItsVolumeWithoutTheCutCorners) {
  imaging::Volume labels{at::zeros({6, 7, 8}, at::kShort), {.size = {8, 7, 6}, .spacing = {1, 2, 3}}};
  labels.data.slice(0, 1, 4).slice(1, 2, 5).slice(2, 3, 5).fill_(2);  // 3 × 3 × 2 voxels: 9 × 6 × 2 mm
  const Mesh mesh = label_surface(labels, 2);
  EXPECT_EQ(topology(mesh.faces, mesh.vertex_count()).euler_characteristic(), 2);
  const auto low = std::get<0>(mesh.vertices.min(0)), high = std::get<0>(mesh.vertices.max(0));
  EXPECT_TRUE(low.allclose(at::tensor({2.5, 3., 1.5}, at::kDouble)));
  EXPECT_TRUE(high.allclose(at::tensor({4.5, 9., 10.5}, at::kDouble)));
  // Each edge of the block loses a prism of half a voxel a side, less at its ends; each corner a pyramid. In voxels:
  // edges along an axis are cut between outermost centres (n − 1 long, triangle 1/8), corners lose 1/8 − 1/48.
  const double cut = 4 * ((2 + 2 + 1) / 8.0) + 8 * (1 / 8.0 - 1 / 48.0);
  EXPECT_NEAR(enclosed_volume(mesh), 6 * (18 - cut), 1e-9);
  EXPECT_EQ(label_surface(labels, 1).face_count(), 0);
}

TEST(Isosurface, CornersThatTouchAreSeparateAndAHollowHasTwoSurfaces) {
  imaging::Geometry grid{.size = {4, 4, 4}};
  at::Tensor field = at::zeros({4, 4, 4});
  field[1][1][1] = field[2][2][2] = 1;
  const Mesh pair = isosurface(field, grid);
  EXPECT_EQ(topology(pair.faces, pair.vertex_count()).text(), "closed, 2 components, Euler characteristic 4");
  EXPECT_NEAR(enclosed_volume(pair), 2.0 / 6, 1e-9);  // two octahedra of half-axis 1/2
  field = at::zeros({5, 5, 5});
  field.slice(0, 1, 4).slice(1, 1, 4).slice(2, 1, 4).fill_(1);
  field[2][2][2] = 0;
  grid.size = {5, 5, 5};
  const Mesh hollow = isosurface(field, grid);
  EXPECT_EQ(topology(hollow.faces, hollow.vertex_count()).text(), "closed, 2 components, Euler characteristic 4");
  field[2][2] = field[2][2].clone().zero_();  // a tunnel from side to side
  const Mesh ring = isosurface(field, grid);
  EXPECT_EQ(topology(ring.faces, ring.vertex_count()).text(), "closed, 1 component, Euler characteristic 0");
}

TEST(Isosurface, AtTheBorderOfTheGridItClosesHalfAVoxelOutside) {
  const imaging::Geometry grid{.size = {3, 2, 1}, .spacing = {2, 1, 4}};
  const Mesh mesh = isosurface(at::ones({1, 2, 3}), grid);
  EXPECT_TRUE(topology(mesh.faces, mesh.vertex_count()).closed());
  EXPECT_TRUE(std::get<0>(mesh.vertices.min(0)).allclose(at::tensor({-1., -0.5, -2.}, at::kDouble)));
  EXPECT_TRUE(std::get<0>(mesh.vertices.max(0)).allclose(at::tensor({5., 1.5, 2.}, at::kDouble)));
}

TEST(Isosurface, EmptyOrNotANumberGivesNoSurface) {
  const imaging::Geometry grid{.size = {3, 3, 3}};
  EXPECT_EQ(isosurface(at::zeros({3, 3, 3}), grid).vertices.sizes(), at::IntArrayRef({0, 3}));
  EXPECT_EQ(topology(isosurface(at::zeros({3, 3, 3}), grid).faces, 0).text(), "empty");
  at::Tensor field = at::full({3, 3, 3}, std::numeric_limits<float>::quiet_NaN());
  EXPECT_EQ(isosurface(field, grid).face_count(), 0);
  field[1][1][1] = 1;
  EXPECT_TRUE(isosurface(field, grid).vertices.isfinite().all().item<bool>());
}

}  // namespace
}  // namespace medvol::geometry
