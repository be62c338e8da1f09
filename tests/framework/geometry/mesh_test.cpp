#include "framework/geometry/mesh.h"

#include <gtest/gtest.h>

#include <cstring>

#include "framework/geometry/mesh_files.h"
#include "framework/geometry/topology.h"
#include "tests/framework/geometry/shapes.h"

namespace medvol::geometry {
namespace {

TEST(Mesh, ABoxHasItsAreaVolumeAndNormals) {
  const Mesh mesh = box(2, 3, 5);
  EXPECT_NEAR(surface_area(mesh), 2 * (6 + 10 + 15), 1e-12);
  EXPECT_NEAR(enclosed_volume(mesh), 30, 1e-12);
  EXPECT_NEAR(enclosed_volume({mesh.vertices + 1e4, mesh.faces}), 30, 1e-6);
  EXPECT_NEAR(enclosed_volume({mesh.vertices, mesh.faces.flip(1)}), -30, 1e-12);
  EXPECT_NEAR(enclosed_volume({mesh.vertices.to(at::kFloat), mesh.faces}), 30, 1e-4);
  const at::Tensor vectors = face_vectors(mesh.vertices, mesh.faces);
  EXPECT_TRUE(vectors[0].allclose(at::tensor({0., 0., -3.}, at::kDouble)));
  EXPECT_NEAR(vectors.sum(0).abs().max().item<double>(), 0, 1e-12);  // of any closed surface
  const at::Tensor normals = vertex_normals(mesh.vertices, mesh.faces);
  EXPECT_TRUE(normals.norm(2, 1).allclose(at::ones({8}, at::kDouble)));
  EXPECT_GT(((mesh.vertices - mesh.vertices.mean(0)) * normals).sum(1).min().item<double>(), 0);
}

TEST(Mesh, EdgesAndNeighboursOfABox) {
  const Mesh mesh = box(1, 1, 1);
  const at::Tensor edges = unique_edges(mesh.faces), neighbours = neighbour_edges(mesh.faces);
  EXPECT_EQ(edges.sizes(), at::IntArrayRef({18, 2}));
  EXPECT_TRUE((edges.select(1, 0) < edges.select(1, 1)).all().item<bool>());
  EXPECT_EQ(neighbours.sizes(), at::IntArrayRef({2, 36}));
  const at::Tensor pairs = adjacent_faces(mesh.faces);
  ASSERT_EQ(pairs.sizes(), at::IntArrayRef({18, 2}));
  for (int64_t p = 0; p < pairs.size(0); ++p) {
    const at::Tensor first = mesh.faces[pairs[p][0].item<int64_t>()], second = mesh.faces[pairs[p][1].item<int64_t>()];
    EXPECT_EQ((first.unsqueeze(0) == second.unsqueeze(1)).sum().item<int64_t>(), 2) << "two vertices are shared";
  }
  const at::Tensor open = mesh.faces.slice(0, 1);
  EXPECT_EQ(adjacent_faces(open).size(0), 15);
}

TEST(Mesh, LaplacianOffsets) {
  const at::Tensor vertices = at::tensor({0., 0., 0., 2., 0., 0., 0., 4., 0., 9., 9., 9.}, at::kDouble).view({4, 3});
  const at::Tensor edges = neighbour_edges(at::tensor({0, 1, 2}, at::kLong).view({1, 3}));
  const at::Tensor offsets = laplacian_offsets(vertices, edges);
  EXPECT_TRUE(offsets[0].allclose(at::tensor({1., 2., 0.}, at::kDouble)));
  EXPECT_TRUE(offsets[1].allclose(at::tensor({-2., 2., 0.}, at::kDouble)));
  EXPECT_EQ(offsets[3].abs().max().item<double>(), 0) << "a vertex without neighbours";
}

TEST(Mesh, AreaIsDifferentiableInTheVertices) {
  const Mesh mesh = box(2, 3, 5);
  at::Tensor vertices = mesh.vertices.clone().requires_grad_();
  face_areas(vertices, mesh.faces).sum().backward();
  const at::NoGradGuard no_grad;
  for (int64_t i = 0; i < vertices.numel(); i += 5) {
    at::Tensor up = mesh.vertices.clone(), down = mesh.vertices.clone();
    up.view(-1)[i] += 1e-5;
    down.view(-1)[i] -= 1e-5;
    const double slope = (surface_area({up, mesh.faces}) - surface_area({down, mesh.faces})) / 2e-5;
    EXPECT_NEAR(vertices.grad().view(-1)[i].item<double>(), slope, 1e-6);
  }
}

TEST(Topology, SaysWhatIsWrongWithAMesh) {
  const at::Tensor faces = box(1, 1, 1).faces;
  EXPECT_EQ(topology(faces, 8).text(), "closed, 1 component, Euler characteristic 2");
  EXPECT_EQ(topology(faces, 10).unused_vertices, 2);
  const Topology open = topology(faces.slice(0, 1), 8);
  EXPECT_EQ(open.boundary_edges, 3);
  EXPECT_EQ(open.text(), "not closed, 3 open edges, 1 component, Euler characteristic 1");
  at::Tensor turned = faces.clone();
  turned[4] = faces[4].flip(0);
  EXPECT_EQ(topology(turned, 8).misoriented_edges, 3);
  EXPECT_EQ(topology(at::cat({faces, faces.slice(0, 0, 1)}), 8).crowded_edges, 3);
  EXPECT_EQ(topology(at::cat({faces, at::tensor({1, 1, 2}, at::kLong).view({1, 3})}), 8).degenerate_faces, 1);
  EXPECT_EQ(topology(at::cat({faces, faces + 8}), 16).components, 2);
}

TEST(MeshFiles, PlyAndObjHoldVerticesAndFaces) {
  const Mesh mesh = box(1, 2, 0.5);
  const std::string ply = ply_bytes(mesh), obj = obj_text(mesh);
  const size_t body = ply.find("end_header\n") + 11;
  EXPECT_TRUE(ply.starts_with("ply\nformat binary_little_endian 1.0\ncomment SPACE=LPS\nelement vertex 8\n"));
  ASSERT_EQ(ply.size(), body + 8 * 12 + 12 * 13);
  float third[3];
  std::memcpy(third, ply.data() + body + 2 * 12, sizeof third);
  EXPECT_EQ(third[0], 0);
  EXPECT_EQ(third[1], 2);
  int32_t last[3];
  EXPECT_EQ(ply[ply.size() - 13], 3);
  std::memcpy(last, ply.data() + ply.size() - 12, sizeof last);
  EXPECT_EQ(last[2], 5);
  EXPECT_NE(obj.find("\nv 1 2 0.5\n"), std::string::npos);
  EXPECT_NE(obj.find("\nf 2 8 6\n"), std::string::npos);
}

}  // namespace
}  // namespace medvol::geometry
