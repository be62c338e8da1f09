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

}  // namespace
}  // namespace medvol::plan
