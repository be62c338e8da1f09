#include "trainers/pretraining/masking.h"

#include <gtest/gtest.h>

namespace medvol::trainers {
namespace {

torch::Tensor mask(const std::vector<int64_t>& size, int64_t cube, double ratio, uint64_t index = 0) {
  runtime::Philox random(1, runtime::purpose_masking, index);
  return cube_mask(size, cube, ratio, random);
}

TEST(CubeMask, TheToldShareOfTheCubesIsHiddenExactly) {
  for (const double ratio : {0.1, 0.6, 0.75}) {
    const torch::Tensor hidden = mask({16, 24, 16}, 4, ratio);
    EXPECT_EQ(hidden.sizes(), (torch::IntArrayRef{16, 24, 16}));
    const double cubes = 4 * 6 * 4;
    EXPECT_EQ(hidden.sum().item<double>(), std::nearbyint(ratio * cubes) * 64);
  }
}

TEST(CubeMask, EveryCubeIsWhollyHiddenOrSeen) {
  const torch::Tensor hidden = mask({10, 9, 7}, 4, 0.5);
  for (int64_t z = 0; z < 10; z += 4)
    for (int64_t y = 0; y < 9; y += 4)
      for (int64_t x = 0; x < 7; x += 4) {
        const torch::Tensor cube = hidden.slice(0, z, z + 4).slice(1, y, y + 4).slice(2, x, x + 4);
        EXPECT_EQ(cube.min().item<float>(), cube.max().item<float>());
      }
}

TEST(CubeMask, NeverAllAndNeverNothing) {
  EXPECT_EQ(mask({8, 8}, 4, 0.99).sum().item<double>(), 48);
  EXPECT_EQ(mask({8, 8}, 4, 0.01).sum().item<double>(), 16);
}

// 400 draws of 6 of 12 cubes: each is expected 200 times with a standard deviation of 10.
TEST(CubeMask, EachCubeIsAsLikelyAsAnyOther) {
  torch::Tensor sum = torch::zeros({12});
  for (uint64_t i = 0; i < 400; ++i) sum += mask({12}, 1, 0.5, i);
  EXPECT_GT(sum.min().item<float>(), 150);
  EXPECT_LT(sum.max().item<float>(), 250);
}

TEST(CubeMask, DependsOnTheStreamAlone) {
  EXPECT_TRUE(mask({16, 16}, 2, 0.6, 7).equal(mask({16, 16}, 2, 0.6, 7)));
  EXPECT_FALSE(mask({16, 16}, 2, 0.6, 7).equal(mask({16, 16}, 2, 0.6, 8)));
}

}  // namespace
}  // namespace medvol::trainers
