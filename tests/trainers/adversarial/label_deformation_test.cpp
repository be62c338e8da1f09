#include "trainers/adversarial/label_deformation.h"

#include <gtest/gtest.h>

namespace medvol::trainers {
namespace {

constexpr std::array<double, 3> cubic{1, 1, 1};

/// A ball of label 1 within a shell of label 5.
torch::Tensor ball(int64_t size = 25) {
  const torch::Tensor at = torch::arange(size, torch::kFloat32) - float(size / 2);
  const torch::Tensor radius =
      at.square().view({-1, 1, 1}) + at.square().view({1, -1, 1}) + at.square().view({1, 1, -1});
  return ((radius < 49).to(torch::kUInt8) * 5 - (radius < 16).to(torch::kUInt8) * 4).contiguous();
}

torch::Tensor deform(const torch::Tensor& labels, const DeformationOptions& options, uint64_t index = 0,
                     std::array<double, 3> spacing = cubic, bool in_plane = false) {
  runtime::Philox random(4, runtime::purpose_synthesis, index);
  return deform_labels(labels, spacing, in_plane, options, random);
}

int64_t count(const torch::Tensor& labels, int64_t label) { return (labels == label).sum().item<int64_t>(); }

TEST(DeformLabels, NothingAskedIsNothingChanged) {
  EXPECT_TRUE(deform(ball(), {.degrees = 0, .scaling = 0, .elastic = 0}).equal(ball()));
  // The smallest rotation goes through the interpolation, and finds the same labels.
  EXPECT_TRUE(deform(ball(), {.degrees = 1e-6, .scaling = 0, .elastic = 0}).equal(ball()));
}

TEST(DeformLabels, InventsNoLabelAndKeepsVolumesAbout) {
  for (uint64_t index = 0; index < 5; ++index) {
    const torch::Tensor made = deform(ball(), {.degrees = 20, .scaling = 0, .elastic = 0.02}, index);
    EXPECT_EQ(made.scalar_type(), torch::kUInt8);
    EXPECT_EQ(count(made, 0) + count(made, 1) + count(made, 5), made.numel());
    for (const int64_t label : {1, 5}) {
      const double share = double(count(made, label)) / double(count(ball(), label));
      EXPECT_GT(share, 0.7) << label;
      EXPECT_LT(share, 1.4) << label;
    }
    EXPECT_FALSE(made.equal(ball()));
  }
}

TEST(DeformLabels, IsAFunctionOfItsStream) {
  EXPECT_TRUE(deform(ball(), {}, 3).equal(deform(ball(), {}, 3)));
  EXPECT_FALSE(deform(ball(), {}, 3).equal(deform(ball(), {}, 4)));
}

TEST(DeformLabels, ScalingChangesTheVolumeByItsCube) {
  double smallest = 10, largest = 0;
  for (uint64_t index = 0; index < 20; ++index) {
    const torch::Tensor made = deform(ball(), {.degrees = 0, .scaling = 0.2, .elastic = 0}, index);
    const double share = double(count(made, 5) + count(made, 1)) / double(count(ball(), 5) + count(ball(), 1));
    smallest = std::min(smallest, share);
    largest = std::max(largest, share);
  }
  EXPECT_GT(smallest, 0.5);  // 1 / 1.2³ = 0.58
  EXPECT_LT(largest, 2.1);   // 1 / 0.8³ = 1.95
  EXPECT_LT(smallest, 0.8);
  EXPECT_GT(largest, 1.3);
}

// A rod along y, turned by up to a right angle about z in a grid of voxels three times as long along y as along x: in
// millimetres it keeps its length.
TEST(DeformLabels, RotatesInMillimetres) {
  torch::Tensor rod = torch::zeros({1, 41, 121}, torch::kUInt8);
  rod.narrow(1, 10, 21).narrow(2, 57, 7).fill_(1);  // 63 mm by 7 mm
  double longest_x = 0;
  for (uint64_t index = 0; index < 12; ++index) {
    const torch::Tensor made = deform(rod, {.degrees = 90, .scaling = 0, .elastic = 0}, index, {5, 3, 1}, true);
    const torch::Tensor voxels = made[0].nonzero().to(torch::kFloat32) * torch::tensor({3.0f, 1.0f});
    const torch::Tensor extent = std::get<0>(voxels.max(0)) - std::get<0>(voxels.min(0));
    EXPECT_NEAR(extent.norm().item<double>(), 63, 6) << index;
    EXPECT_NEAR(double(count(made, 1)), 21.0 * 7, 12) << index;
    longest_x = std::max(longest_x, extent[1].item<double>());
  }
  EXPECT_GT(longest_x, 30);
}

TEST(DeformLabels, InPlaneKeepsEachSliceItsOwn) {
  torch::Tensor labels = torch::zeros({6, 20, 20}, torch::kUInt8);
  labels[3].narrow(0, 5, 10).narrow(1, 5, 10).fill_(2);
  const torch::Tensor made = deform(labels, {.degrees = 30, .scaling = 0.1, .elastic = 0.05}, 1, cubic, true);
  for (const int64_t z : {0, 1, 2, 4, 5}) EXPECT_EQ(count(made[z], 2), 0) << z;
  EXPECT_GT(count(made[3], 2), 50);
}

}  // namespace
}  // namespace medvol::trainers
