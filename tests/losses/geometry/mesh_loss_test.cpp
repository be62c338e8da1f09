#include "losses/geometry/mesh_loss.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "framework/geometry/isosurface.h"

namespace medvol::losses {
namespace {

at::Tensor points(const std::vector<double>& xyz) { return at::tensor(xyz, at::kDouble).view({-1, 3}); }

/// A tetrahedron with three right angles at the origin.
geometry::Mesh tetrahedron() {
  return {points({0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1}),
          at::tensor({0, 2, 1, 0, 1, 3, 0, 3, 2, 1, 2, 3}, at::kLong).view({4, 3})};
}

/// A ball of voxels whose vertices are shaken, so that no two distances are equal.
geometry::Mesh shaken_ball() {
  const at::Tensor axis = at::arange(7, at::kDouble) - 3;
  const at::Tensor squared = axis.square().view({-1, 1, 1}) + axis.square().view({-1, 1}) + axis.square();
  geometry::Mesh mesh = geometry::isosurface(squared < 6, {.size = {7, 7, 7}});
  at::manual_seed(1);
  mesh.vertices = mesh.vertices + 0.2 * at::rand_like(mesh.vertices);
  return mesh;
}

void expect_gradient_equals_differences(const at::Tensor& at, const std::function<at::Tensor(const at::Tensor&)>& f) {
  at::Tensor variable = at.clone().requires_grad_();
  f(variable).backward();
  const at::NoGradGuard no_grad;
  for (int64_t i = 0; i < at.numel(); i += 7) {
    at::Tensor up = at.clone(), down = at.clone();
    up.view(-1)[i] += 1e-5;
    down.view(-1)[i] -= 1e-5;
    const double slope = (f(up).item<double>() - f(down).item<double>()) / 2e-5;
    EXPECT_NEAR(variable.grad().view(-1)[i].item<double>(), slope, 1e-6 + 1e-4 * std::abs(slope)) << "element " << i;
  }
}

TEST(Chamfer, ClosedForm) {
  const at::Tensor a = points({0, 0, 0, 10, 0, 0}), b = points({0, 3, 0, 10, 0, 4, 10, 0, 5});
  EXPECT_NEAR(chamfer(a, b, ChamferPower::squared).item<double>(), (9 + 16) / 2.0 + (9 + 16 + 25) / 3.0, 1e-12);
  EXPECT_NEAR(chamfer(a, b, ChamferPower::distance).item<double>(), 3.5 + 4, 1e-9);
  EXPECT_NEAR(chamfer(b, a, ChamferPower::squared).item<double>(), 12.5 + 50 / 3.0, 1e-12);
  EXPECT_EQ(chamfer(a, a, ChamferPower::squared).item<double>(), 0);
}

TEST(Chamfer, IsExactFarFromTheOriginInSinglePrecision) {
  at::manual_seed(2);
  const at::Tensor a = at::rand({1500, 3}, at::kDouble) * 20, b = at::rand({1700, 3}, at::kDouble) * 20;
  const double near = chamfer(a, b, ChamferPower::squared).item<double>();
  const at::Tensor far = at::tensor({150., -320., 900.}, at::kDouble);
  const double there =
      chamfer((a + far).to(at::kFloat), (b + far).to(at::kFloat), ChamferPower::squared).item<double>();
  EXPECT_NEAR(there, near, 2e-4 * near);
  EXPECT_TRUE(nearest_rows(a, b).equal(at::cdist(a, b).argmin(1)));
}

TEST(EdgeLength, ClosedForm) {
  const geometry::Mesh mesh = tetrahedron();
  const at::Tensor edges = geometry::neighbour_edges(mesh.faces);  // three of 1, three of √2
  EXPECT_NEAR(edge_length(mesh.vertices, edges, 0).item<double>(), (1 + 2) / 2.0, 1e-12);
  const double off = std::sqrt(2.0) - 1;
  EXPECT_NEAR(edge_length(mesh.vertices, edges, 1).item<double>(), off * off / 2, 1e-9);
}

TEST(Laplacian, ClosedForm) {
  const geometry::Mesh mesh = tetrahedron();
  const at::Tensor edges = geometry::neighbour_edges(mesh.faces);
  // The origin: (1/3, 1/3, 1/3); the others: (−1, 1/3, 1/3).
  EXPECT_NEAR(laplacian(mesh.vertices, edges).item<double>(), (3.0 / 9 + 3 * (1 + 2.0 / 9)) / 4, 1e-12);
  EXPECT_NEAR(laplacian(2 * mesh.vertices + 7, edges).item<double>(), 4 * (3.0 / 9 + 3 * (1 + 2.0 / 9)) / 4, 1e-12);
}

TEST(NormalConsistency, ClosedForm) {
  const geometry::Mesh mesh = tetrahedron();
  const at::Tensor adjacent = geometry::adjacent_faces(mesh.faces);
  // Three edges between orthogonal faces; three between a wall and the slope, cos = −1/√3.
  EXPECT_NEAR(normal_consistency(mesh.vertices, mesh.faces, adjacent).item<double>(),
              (3 * 1 + 3 * (1 + 1 / std::sqrt(3.0))) / 6, 1e-9);
  const at::Tensor flat = points({0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 1, 0});
  const at::Tensor square = at::tensor({0, 1, 2, 1, 3, 2}, at::kLong).view({2, 3});
  EXPECT_NEAR(normal_consistency(flat, square, geometry::adjacent_faces(square)).item<double>(), 0, 1e-9);
  EXPECT_EQ(normal_consistency(flat, square.slice(0, 1), at::zeros({0, 2}, at::kLong)).item<double>(), 0);
}

TEST(MeshTerms, GradientsEqualFiniteDifferences) {
  const geometry::Mesh mesh = shaken_ball();
  const MeshConnections connections = MeshConnections::of(mesh);
  at::manual_seed(3);
  const at::Tensor targets = at::rand({90, 3}, at::kDouble) * 6;
  for (const ChamferPower power : {ChamferPower::squared, ChamferPower::distance})
    expect_gradient_equals_differences(mesh.vertices, [&](const at::Tensor& v) { return chamfer(v, targets, power); });
  for (const double rest : {0.0, connections.rest_length})
    expect_gradient_equals_differences(mesh.vertices,
                                       [&](const at::Tensor& v) { return edge_length(v, connections.edges, rest); });
  expect_gradient_equals_differences(mesh.vertices,
                                     [&](const at::Tensor& v) { return laplacian(v, connections.edges); });
  expect_gradient_equals_differences(mesh.vertices, [&](const at::Tensor& v) {
    return normal_consistency(v, connections.faces, connections.adjacent);
  });
}

TEST(MeshTerms, GradientsStayFiniteWhereFacesAndEdgesVanish) {
  at::Tensor vertices = at::zeros({4, 3}, at::kDouble).requires_grad_();
  const MeshConnections connections = MeshConnections::of(tetrahedron());
  const MeshLoss loss({.chamfer_power = ChamferPower::distance});
  loss(vertices, connections, vertices, at::zeros({2, 3}, at::kDouble)).total.backward();
  EXPECT_TRUE(vertices.grad().isfinite().all().item<bool>());
}

TEST(MeshLoss, IsTheWeightedSumOfItsTerms) {
  const geometry::Mesh mesh = shaken_ball();
  const MeshConnections connections = MeshConnections::of(mesh);
  const at::Tensor targets = mesh.vertices.slice(0, 0, 20) + 0.3;
  const MeshLoss loss({.chamfer_weight = 2, .edge_weight = 3, .laplacian_weight = 5, .normal_weight = 7});
  const MeshLoss::Result result = loss(mesh.vertices, connections, mesh.vertices, targets);
  double sum = 0;
  const std::map<std::string, double> weights{{"chamfer", 2}, {"edge", 3}, {"laplacian", 5}, {"normal", 7}};
  ASSERT_EQ(result.terms.size(), 4u);
  for (const auto& [name, weight] : weights) sum += weight * result.terms.at(name).item<double>();
  EXPECT_NEAR(result.total.item<double>(), sum, 1e-9);
  const MeshLoss chamfer_only({.edge_weight = 0, .laplacian_weight = 0, .normal_weight = 0});
  EXPECT_EQ(chamfer_only(mesh.vertices, connections, mesh.vertices, targets).terms.size(), 1u);
}

TEST(MeshLoss, GradientDescentMovesASurfaceToItsTarget) {
  geometry::Mesh mesh = shaken_ball();
  const at::Tensor axis = at::arange(9, at::kDouble) - 4;
  const at::Tensor distance = (axis.square().view({-1, 1, 1}) + axis.square().view({-1, 1}) + axis.square()).sqrt();
  const at::Tensor targets =
      geometry::isosurface(3 - distance, {.size = {9, 9, 9}, .origin = {-1, -1, -1}}, 0).vertices;
  const MeshConnections connections = MeshConnections::of(mesh);
  const MeshLoss loss({});
  at::Tensor vertices = mesh.vertices.clone().requires_grad_();
  const double before = chamfer(vertices, targets, ChamferPower::squared).item<double>();
  for (int step = 0; step < 60; ++step) {
    loss(vertices, connections, vertices, targets).total.backward();
    const at::NoGradGuard no_grad;
    vertices -= 5 * vertices.grad();
    vertices.grad().zero_();
  }
  EXPECT_LT(chamfer(vertices, targets, ChamferPower::squared).item<double>(), 0.3 * before);
}

}  // namespace
}  // namespace medvol::losses
