#include "framework/imaging/components.h"

#include <gtest/gtest.h>
#include <torch/types.h>

namespace medvol::imaging {
namespace {

TEST(LargestComponent, KeepsTheLargestAndPassesNoCorner) {
  at::Tensor mask = torch::zeros({4, 5, 6}, at::kBool), expected = torch::zeros({4, 5, 6}, at::kBool);
  mask[0][0].slice(0, 0, 2).fill_(true);  // two voxels
  mask[1][1][2] = true;                   // one, which touches them at a corner alone
  for (at::Tensor* one : {&mask, &expected}) one->slice(0, 2, 4).slice(1, 3, 5).slice(2, 0, 1).fill_(true);  // four
  EXPECT_TRUE(torch::equal(largest_component(mask), expected));
  const at::Tensor none = torch::zeros({2, 3, 4}, at::kBool);
  EXPECT_TRUE(torch::equal(largest_component(none), none));
}

}  // namespace
}  // namespace medvol::imaging
