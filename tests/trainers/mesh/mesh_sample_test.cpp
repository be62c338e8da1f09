#include "trainers/mesh/mesh_sample.h"

#include <gtest/gtest.h>

#include "framework/core/error.h"
#include "framework/geometry/topology.h"
#include "tests/trainers/mesh/made_cases.h"

namespace medvol::trainers {
namespace {

TEST(VertexFeatures, AreTheOnesOfABallInARamp) {
  // A ball of 4 mm; the image is the x coordinate, mm, in its first channel and 7 in its second.
  const imaging::Geometry grid{.size = {15, 15, 15}, .origin = {-7, -7, -7}};
  const torch::Tensor axis = torch::arange(15, torch::kFloat64) - 7;
  const torch::Tensor squared = axis.square().view({-1, 1, 1}) + axis.square().view({-1, 1}) + axis.square();
  const imaging::Volume labels{(squared < 16).to(torch::kInt32), grid};
  const torch::Tensor ramp = axis.to(torch::kFloat32).expand({15, 15, 15});
  const MeshCase one{"ball", {torch::stack({ramp, torch::full({15, 15, 15}, 7.f)}), grid}, labels, labels};
  const VertexFeatureOptions options{.profile_samples = 1, .profile_spacing = 0.25};
  const MeshSamples made = make_mesh_samples(one, {1, 2}, options);
  ASSERT_EQ(made.samples.size(), 1u);
  const MeshSample& sample = made.samples[0];
  const torch::Tensor f = sample.features, vertices = sample.predicted.vertices.to(torch::kFloat32);
  ASSERT_EQ(f.sizes(), torch::IntArrayRef({vertices.size(0), vertex_feature_count(options, 2, 2)}));
  ASSERT_EQ(f.size(1), 9 + 6 + 2);
  const torch::Tensor normal = f.narrow(1, 0, 3);
  EXPECT_GT((normal * vertices).sum(1).min().item<double>(), 0);
  EXPECT_TRUE(normal.norm(2, 1).allclose(torch::ones({f.size(0)})));
  EXPECT_LT((f.narrow(1, 3, 3) * normal).sum(1).mean().item<double>(), 0) << "convex: neighbours lie further in";
  EXPECT_NEAR(f.narrow(1, 6, 3).norm(2, 1).mean().item<double>(), 1, 1e-4);
  EXPECT_TRUE(f.narrow(1, 6, 3).sum(0).abs().max().item<double>() < 1e-3);
  EXPECT_TRUE(f.select(1, 9).allclose(vertices.select(1, 0) - 0.25 * normal.select(1, 0), 1e-4, 1e-4));
  EXPECT_TRUE(f.select(1, 11).allclose(vertices.select(1, 0), 1e-4, 1e-4));
  EXPECT_TRUE(f.select(1, 13).allclose(vertices.select(1, 0) + 0.25 * normal.select(1, 0), 1e-4, 1e-4));
  EXPECT_TRUE(f.select(1, 14).allclose(torch::full({f.size(0)}, 7.f)));
  EXPECT_EQ(f.select(1, 15).min().item<float>(), 1);
  EXPECT_EQ(f.select(1, 16).max().item<float>(), 0);
}

TEST(MeshSamples, OneForEachStructureOfBothLabelMaps) {
  MeshCase one = made_case(1, 2);
  one.reference.data[8][3][3] = 5;   // missed
  one.prediction.data[8][3][4] = 6;  // invented
  const MeshSamples made = make_mesh_samples(one, {1, 2, 5, 6}, {});
  ASSERT_EQ(made.samples.size(), 1u);
  EXPECT_EQ(made.missed, 1);
  EXPECT_EQ(made.invented, 1);
  EXPECT_EQ(made.samples[0].label, 2);
  EXPECT_EQ(made.samples[0].id, "case1");
  EXPECT_TRUE(geometry::topology(made.samples[0].predicted.faces, made.samples[0].predicted.vertex_count()).closed());
  EXPECT_TRUE(made.samples[0].features.isfinite().all().item<bool>());
}

TEST(MeshSamples, GridsThatDifferAndPicturesAreRefused) {
  MeshCase one = made_case(1);
  one.prediction.geometry.origin[0] += 1;
  EXPECT_THROW(make_mesh_samples(one, {1}, {}), core::UserError);
  one = made_case(1);
  one.prediction.geometry.dimensions = one.reference.geometry.dimensions = 2;
  EXPECT_THROW(make_mesh_samples(one, {1}, {}), core::UserError);
}

}  // namespace
}  // namespace medvol::trainers
