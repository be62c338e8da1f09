#include "framework/imaging/bias_field.h"

#include <gtest/gtest.h>
#include <torch/types.h>

namespace medvol::imaging {
namespace {

/// Standard deviation over mean.
double variation(const at::Tensor& values) { return (values.std() / values.mean()).item<double>(); }

TEST(BiasField, FlattensATissueUnderASmoothField) {
  const int64_t side = 40;
  Geometry grid;
  grid.size = {side, side, side};
  const at::Tensor axis = torch::linspace(-1, 1, side);
  const at::Tensor z = axis.view({-1, 1, 1}), y = axis.view({1, -1, 1}), x = axis.view({1, 1, -1});
  const at::Tensor inside = (z * z + y * y + x * x) < 0.8, core = (z * z + y * y + x * x) < 0.2;
  const at::Tensor noise = 1 + 0.01 * torch::randn({side, side, side}, at::detail::createCPUGenerator(5));
  const at::Tensor coil = (0.4 * x + 0.3 * y * y - 0.2 * z).exp();
  const at::Tensor image = torch::where(inside, torch::where(core, 100.0, 200.0) * noise * coil, torch::zeros({}));
  const at::Tensor field = bias_field(image.to(at::kFloat), inside, grid, {.shrink = 2});
  EXPECT_GT(field.min().item<double>(), 0);
  EXPECT_NEAR(field.log().masked_select(inside).mean().item<double>(), 0, 1e-4);
  const at::Tensor corrected = image / field;
  for (const at::Tensor& tissue : {core, inside.logical_and(core.logical_not())}) {
    const double before = variation(image.masked_select(tissue)), after = variation(corrected.masked_select(tissue));
    EXPECT_GT(before, 0.08);
    EXPECT_LT(after, 0.3 * before);
  }
  EXPECT_TRUE(torch::equal(field, bias_field(image.to(at::kFloat), inside, grid, {.shrink = 2}))) << "repeats";
}

TEST(BiasField, OfAnEmptyImageIsOne) {
  const at::Tensor image = torch::zeros({4, 5, 6});
  EXPECT_TRUE(torch::equal(bias_field(image, image > 0, {}), torch::ones({4, 5, 6})));
}

}  // namespace
}  // namespace medvol::imaging
