#include "trainers/super_resolution/upscaler.h"

#include <gtest/gtest.h>

#include "framework/core/error.h"
#include "framework/imaging/resample.h"

namespace medvol::trainers {
namespace {

runtime::ExecutionContext cpu() {
  return runtime::ExecutionContext::resolve(
      {.device = "cpu", .precision = runtime::Precision::float32, .compute_threads = 1}, 0);
}

plan::Plan plan_of(const std::vector<int64_t>& patch) {
  plan::Plan plan;
  plan.dimensions = static_cast<int64_t>(patch.size());
  plan.channel_names = {"MR"};
  plan.patch_size = patch;
  return plan;
}

/// Gives back what it gets.
class Identity : public networks::Network {
 public:
  explicit Identity(std::vector<int64_t> upsampling = {}) : upsampling_(std::move(upsampling)) {}
  std::vector<torch::Tensor> forward(const torch::Tensor& x) override { return {x}; }
  std::vector<int64_t> multiple_of() const override { return {1, 1, 1}; }
  std::vector<std::vector<int64_t>> head_strides() const override { return {{1, 1, 1}}; }
  std::vector<int64_t> upsampling() const override { return upsampling_; }
  void initialize(torch::Generator) override {}

 private:
  std::vector<int64_t> upsampling_;
};

TEST(Enlarged, IsLinearInterpolationBetweenVoxelCentres) {
  const torch::Tensor image = torch::rand({1, 4, 5, 6});
  const torch::Tensor expected = imaging::resample_image(image, {4, 10, 18}, 1);
  EXPECT_TRUE(torch::allclose(enlarged(image.unsqueeze(0), {1, 2, 3})[0], expected, 1e-5, 1e-6));
  EXPECT_TRUE(torch::allclose(enlarged(image, {2, 3}), imaging::resample_image(image, {4, 10, 18}, 1), 1e-5, 1e-6));
}

TEST(SuperResolver, ANetworkThatKeepsSizesGetsTheEnlargedImage) {
  const WindowNetwork network = super_resolver(std::make_shared<Identity>(), {2, 1, 3});
  const torch::Tensor image = torch::rand({1, 1, 3, 4, 2});
  EXPECT_TRUE(network(image).equal(enlarged(image, {2, 1, 3})));
  EXPECT_TRUE(super_resolver(std::make_shared<Identity>(std::vector<int64_t>{2, 1, 3}), {2, 1, 3})(image).equal(image));
  EXPECT_THROW(super_resolver(std::make_shared<Identity>(std::vector<int64_t>{2, 2, 2}), {2, 1, 3}), core::UserError);
}

/// Physical place of a voxel of the grid (index x, y, z).
std::array<double, 3> place(const imaging::Geometry& grid, const std::array<double, 3>& index) {
  std::array<double, 3> point = grid.origin;
  for (size_t row = 0; row < 3; ++row)
    for (size_t axis = 0; axis < 3; ++axis)
      point[row] += grid.direction[3 * row + axis] * grid.spacing[axis] * index[axis];
  return point;
}

TEST(FinerGrid, EveryVoxelStaysWhereItWas) {
  imaging::Geometry grid;
  grid.size = {6, 5, 4};
  grid.spacing = {1, 2, 3};
  grid.origin = {-10, 20, 5};
  grid.direction = {0, -1, 0, 1, 0, 0, 0, 0, 1};
  const imaging::Geometry fine = finer_grid(grid, {3, 1, 2});
  EXPECT_EQ(fine.size, (std::array<int64_t, 3>{12, 5, 12}));
  EXPECT_EQ(fine.spacing, (std::array<double, 3>{0.5, 2, 1}));
  // The centre of old voxel i lies at (i + ½)·f − ½ of the new grid.
  const std::array<double, 3> old = place(grid, {4, 3, 2}), now = place(fine, {8.5, 3, 7});
  for (size_t row = 0; row < 3; ++row) EXPECT_NEAR(old[row], now[row], 1e-9);
}

TEST(Upscaler, WholeImagesComeOutLargerAndInPlace) {
  const Upscaler upscaler(super_resolver(std::make_shared<Identity>(), {2, 1, 1}), plan_of({8, 6, 6}), {2, 1, 1}, {},
                          cpu());
  // Linear along z, so that blended windows show no seam away from their borders' clamping.
  const torch::Tensor image = torch::arange(13, torch::kFloat32).view({1, 13, 1, 1}).expand({1, 13, 9, 7}).contiguous();
  imaging::Geometry grid;
  grid.size = {7, 9, 13};
  grid.spacing = {1, 1, 4};
  const imaging::Volume made = upscaler.upscale(imaging::Volume{image, grid});
  EXPECT_EQ(made.data.sizes(), torch::IntArrayRef({1, 26, 9, 7}));
  EXPECT_EQ(made.geometry.size_zyx(), (std::array<int64_t, 3>{26, 9, 7}));
  EXPECT_NEAR(made.geometry.origin[2], -1, 1e-9);
  EXPECT_TRUE(torch::allclose(made.data, imaging::resample_image(image, {26, 9, 7}, 1), 0, 0.2));
}

TEST(Upscaler, ATwoDimensionalNetworkSeesSlices) {
  const Upscaler upscaler(super_resolver(std::make_shared<Identity>(), {2, 2}), plan_of({16, 16}), {2, 2}, {}, cpu());
  const torch::Tensor image = torch::rand({1, 3, 8, 8});
  const torch::Tensor made = upscaler.upscale(image);
  EXPECT_TRUE(torch::allclose(made, imaging::resample_image(image, {3, 16, 16}, 1), 1e-5, 1e-6));
}

}  // namespace
}  // namespace medvol::trainers
