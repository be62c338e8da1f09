#include "losses/composite/deep_supervision.h"

#include <gtest/gtest.h>

namespace medvol::losses {
namespace {

/// Sum of the target's counted voxels: shows which voxels a head was compared with.
class TargetSum : public Loss {
 public:
  torch::Tensor operator()(const torch::Tensor& logits, const torch::Tensor& target,
                           const torch::Tensor& mask) const override {
    EXPECT_EQ(logits.numel() / logits.size(1), target.numel());
    return (mask.defined() ? target * mask : target).sum().to(torch::kFloat64);
  }
};

TEST(DeepSupervision, WeightsAreNnunets) {
  EXPECT_EQ(deep_supervision_weights(1), std::vector<double>{1});
  const std::vector<double> weights = deep_supervision_weights(4);
  EXPECT_DOUBLE_EQ(weights[0], 4.0 / 7);
  EXPECT_DOUBLE_EQ(weights[1], 2.0 / 7);
  EXPECT_DOUBLE_EQ(weights[2], 1.0 / 7);
  EXPECT_EQ(weights[3], 0);
}

TEST(DeepSupervision, CoarserTargetsAreNearestExact) {
  // nearest-exact with factor 2 takes voxel 2i + 1.
  const torch::Tensor target =
      torch::tensor({0, 1, 2, 4, 8, 16, 32, 64}, torch::kInt64).view({1, 8, 1}).expand({1, 8, 2}).contiguous();
  const DeepSupervision loss(std::make_unique<TargetSum>(), {{1, 1}, {2, 1}, {4, 2}}, std::nullopt);
  const std::vector<torch::Tensor> heads{torch::zeros({1, 2, 8, 2}), torch::zeros({1, 2, 4, 2}),
                                         torch::zeros({1, 2, 2, 1})};
  const double fine = 2 * 127, coarse = 2 * (1 + 4 + 16 + 64);
  EXPECT_NEAR(loss(heads, target).item<double>(), (2 * fine + coarse) / 3, 1e-9);
  EXPECT_NEAR(loss({heads[0]}, target).item<double>(), fine, 1e-9);
}

TEST(DeepSupervision, TheIgnoreLabelCountsAtNoResolution) {
  const torch::Tensor target = torch::tensor({1, 9, 1, 1, 9, 9, 1, 9}, torch::kInt64).view({1, 8});
  const DeepSupervision loss(std::make_unique<TargetSum>(), {{1}, {2}, {4}}, 9);
  // Fine: four ones. Coarse voxels 1, 3, 5, 7 are 9, 1, 9, 9.
  EXPECT_NEAR(loss({torch::zeros({1, 2, 8}), torch::zeros({1, 2, 4}), torch::zeros({1, 2, 2})}, target).item<double>(),
              (2 * 4 + 1) / 3.0, 1e-9);
}

}  // namespace
}  // namespace medvol::losses
