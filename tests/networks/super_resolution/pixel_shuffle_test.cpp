#include "networks/super_resolution/pixel_shuffle.h"

#include <gtest/gtest.h>

namespace medvol::networks {
namespace {

TEST(PixelShuffle, EqualsTorchInTwoDimensions) {
  const torch::Tensor x = torch::randn({2, 12, 3, 5});
  EXPECT_TRUE(pixel_shuffle(x, {2, 2}).equal(torch::pixel_shuffle(x, 2)));
  const torch::Tensor y = torch::randn({2, 18, 3, 5});
  EXPECT_TRUE(pixel_shuffle(y, {3, 3}).equal(torch::pixel_shuffle(y, 3)));
}

// Channel ((c·4 + i)·1 + j)·3 + k of voxel (z, y, x) is at (4z + i, y + j, 3x + k) of channel c.
TEST(PixelShuffle, PutsEachChannelWhereItBelongs) {
  const torch::Tensor x = torch::arange(2 * 24 * 2 * 3 * 2).view({2, 24, 2, 3, 2});
  const torch::Tensor y = pixel_shuffle(x, {4, 1, 3});
  ASSERT_EQ(y.sizes(), torch::IntArrayRef({2, 2, 8, 3, 6}));
  for (int64_t channel = 0; channel < 24; ++channel) {
    const int64_t i = channel / 3 % 4, k = channel % 3;
    const torch::Tensor part = y.select(1, channel / 12).slice(1, i, 8, 4).slice(3, k, 6, 3);
    EXPECT_TRUE(part.equal(x.select(1, channel))) << channel;
  }
}

TEST(PixelShuffle, IsUndoneByItsInverse) {
  const torch::Tensor x = torch::randn({2, 36, 3, 2, 5});
  EXPECT_TRUE(pixel_unshuffle(pixel_shuffle(x, {3, 2, 2}), {3, 2, 2}).equal(x));
  const torch::Tensor y = torch::randn({1, 2, 4, 9});
  EXPECT_TRUE(pixel_shuffle(pixel_unshuffle(y, {2, 3}), {2, 3}).equal(y));
  EXPECT_TRUE(pixel_unshuffle(y, {2, 1}).sizes() == torch::IntArrayRef({1, 4, 2, 9}));
}

TEST(PixelShuffle, SharedKernelsRepeatEachVoxel) {
  const torch::Tensor weight = torch::randn({8, 3, 3, 3});
  share_subpixel_kernels(weight, 4);
  const torch::Tensor y = pixel_shuffle(torch::conv2d(torch::randn({1, 3, 5, 4}), weight, {}, 1, 1), {2, 2});
  const torch::Tensor repeated = y.slice(2, 0, 10, 2).slice(3, 0, 8, 2).repeat_interleave(2, 2).repeat_interleave(2, 3);
  EXPECT_TRUE(torch::allclose(y, repeated));
  EXPECT_FALSE(weight[0].equal(weight[4]));
}

}  // namespace
}  // namespace medvol::networks
