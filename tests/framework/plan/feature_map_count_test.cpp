#include "framework/plan/feature_map_count.h"

#include <gtest/gtest.h>

namespace medvol::plan {
namespace {

TEST(FeatureMapCount, TwoStagesByHand) {
  Topology shape;
  shape.features_per_stage = {2, 3};
  shape.kernel_sizes = {{3, 3}, {3, 3}};
  shape.strides = {{1, 1}, {2, 2}};
  shape.convolutions_per_stage_encoder = {2, 1};
  shape.convolutions_per_stage_decoder = {1};
  // Encoder: 2 convolutions of 2 channels at 8x4, 1 of 3 channels at 4x2. Decoder at 8x4: transposed and plain
  // convolution of 2 channels each, head of 5.
  EXPECT_EQ(feature_map_count(shape, {8, 4}, 5), 2 * 2 * 32 + 3 * 8 + 2 * 2 * 32 + 5 * 32);
}

TEST(FeatureMapCount, DecoderStagesAreListedCoarsestFirst) {
  Topology shape;
  shape.features_per_stage = {1, 1, 1};
  shape.kernel_sizes = shape.strides = {{1, 1}, {2, 1}, {2, 1}};
  shape.convolutions_per_stage_encoder = {1, 1, 1};
  shape.convolutions_per_stage_decoder = {7, 1};
  // Voxels 8, 4, 2; the 7 convolutions belong to the stage of 4 voxels.
  EXPECT_EQ(feature_map_count(shape, {8, 1}, 1), (8 + 4 + 2) + (7 + 1) * 4 + (1 + 1) * 8 + 8);
}

/// A stem, and in each block two convolutions; beside the first of a stage that shrinks, a projection.
TEST(FeatureMapCount, ResidualEncoderByHand) {
  Topology shape;
  shape.residual_encoder = true;
  shape.features_per_stage = {2, 4};
  shape.kernel_sizes = {{3, 3}, {3, 3}};
  shape.strides = {{1, 1}, {2, 2}};
  shape.convolutions_per_stage_encoder = {1, 3};
  shape.convolutions_per_stage_decoder = {1};
  const int64_t fine = 8 * 4 * 2, coarse = 4 * 2 * 4;
  EXPECT_EQ(feature_map_count(shape, {8, 4}, 3), (1 + 2) * fine + (3 * 2 + 1) * coarse + (1 + 1) * fine + 3 * 8 * 4);
  // dynamic-network-architectures 0.4.4: ResidualEncoderUNet(…).compute_conv_feature_map_size((128, 128, 128)).
  Topology large;
  large.residual_encoder = true;
  large.features_per_stage = {32, 64, 128, 256, 320, 320};
  large.kernel_sizes.assign(6, {3, 3, 3});
  large.strides.assign(6, {2, 2, 2});
  large.strides[0] = {1, 1, 1};
  large.convolutions_per_stage_encoder = {1, 3, 4, 6, 6, 6};
  large.convolutions_per_stage_decoder.assign(5, 1);
  EXPECT_EQ(feature_map_count(large, {128, 128, 128}, 3), 557420544);
}

}  // namespace
}  // namespace medvol::plan
