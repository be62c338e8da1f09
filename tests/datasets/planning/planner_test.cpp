#include "datasets/planning/planner.h"

#include <gmock/gmock.h>

#include "datasets/planning/pooling.h"
#include "framework/core/error.h"
#include "framework/plan/feature_map_count.h"

namespace medvol::datasets {
namespace {

using Sizes = std::vector<std::vector<int64_t>>;

DatasetDescription described(int64_t labels = 2, const std::string& channel = "MRI") {
  DatasetDescription dataset;
  dataset.name = "Made";
  dataset.channel_names = {channel};
  for (int64_t label = 1; label <= labels; ++label) dataset.labels[label] = "organ";
  return dataset;
}

Fingerprint uniform(int64_t cases, std::array<int64_t, 3> shape, std::array<double, 3> spacing,
                    double relative_size = 1) {
  Fingerprint fingerprint;
  fingerprint.cases.assign(size_t(cases),
                           {.id = "", .shape = shape, .spacing = spacing, .relative_size = relative_size});
  fingerprint.median_relative_size = relative_size;
  fingerprint.intensities = {{.mean = 100, .standard_deviation = 10}};
  return fingerprint;
}

TEST(Pooling, HippocampusGoesThreeDeepOnEachAxis) {
  const Pooling pooling = plan_pooling({1, 1, 1}, {36, 50, 35});
  EXPECT_EQ(pooling.strides, (Sizes{{1, 1, 1}, {2, 2, 2}, {2, 2, 2}, {2, 2, 2}}));
  EXPECT_EQ(pooling.kernel_sizes, (Sizes{{3, 3, 3}, {3, 3, 3}, {3, 3, 3}, {3, 3, 3}}));
  EXPECT_EQ(pooling.patch_size, (std::vector<int64_t>{40, 56, 40}));
}

/// nnU-Net's published plan of MSD Prostate: 3.6 x 0.62 x 0.62 mm, patch 16 x 320 x 256 after shrinking.
TEST(Pooling, ThickSlicesStartFlat) {
  const Pooling pooling = plan_pooling({3.6, 0.625, 0.625}, {16, 320, 256});
  EXPECT_EQ(pooling.strides, (Sizes{{1, 1, 1}, {1, 2, 2}, {1, 2, 2}, {2, 2, 2}, {2, 2, 2}, {1, 2, 2}, {1, 2, 2}}));
  EXPECT_EQ(pooling.kernel_sizes, (Sizes{{1, 3, 3}, {1, 3, 3}, {3, 3, 3}, {3, 3, 3}, {3, 3, 3}, {3, 3, 3}, {3, 3, 3}}));
  EXPECT_EQ(pooling.divisor, (std::vector<int64_t>{4, 64, 64}));
}

TEST(Pooling, ALoneAxisNeedsTwelveVoxels) {
  EXPECT_EQ(plan_pooling({1, 1}, {11, 4}).strides.size(), 1u);
  EXPECT_EQ(plan_pooling({1, 1}, {12, 4}).strides, (Sizes{{1, 1}, {2, 1}}));
  EXPECT_EQ(plan_pooling({1, 1}, {8, 8}).strides, (Sizes{{1, 1}, {2, 2}}));
  EXPECT_EQ(plan_pooling({1, 1}, {7, 7}).strides.size(), 1u);
}

TEST(Pooling, FractionalMedianIsPaddedUp) {
  EXPECT_EQ(plan_pooling({1, 1, 1}, {36, 50.5, 35.5}).patch_size, (std::vector<int64_t>{40, 56, 40}));
}

/// What stock nnU-Net v2 plans for the 200 hippocampus cases.
TEST(Planner, HippocampusAsNnunet) {
  const Fingerprint fingerprint = uniform(200, {36, 50, 35}, {1, 1, 1});
  const plan::Plan plan = make_plan(described(), fingerprint);
  EXPECT_EQ(plan.patch_size, (std::vector<int64_t>{40, 56, 40}));
  EXPECT_EQ(plan.batch_size, 7) << "5 % of the voxels: 36*50*35*200*0.05 / (40*56*40) = 7.03";
  EXPECT_EQ(plan.topology.features_per_stage, (std::vector<int64_t>{32, 64, 128, 256}));
  EXPECT_EQ(plan.topology.convolutions_per_stage_encoder, (std::vector<int64_t>{2, 2, 2, 2}));
  EXPECT_EQ(plan.topology.convolutions_per_stage_decoder, (std::vector<int64_t>{2, 2, 2}));
  EXPECT_FALSE(plan.batch_dice);
  EXPECT_EQ(plan.normalization, std::vector<plan::Normalization>{plan::Normalization::zscore});
  EXPECT_EQ(plan.normalize_inside_mask, std::vector<bool>{false});
}

/// nnU-Net's benchmark page: Hippocampus (260 cases) 2d, batch 366; its 3d_fullres batch is 9.
TEST(Planner, HippocampusOf260Cases) {
  const Fingerprint fingerprint = uniform(260, {36, 50, 35}, {1, 1, 1});
  EXPECT_EQ(make_plan(described(), fingerprint).batch_size, 9);
  const plan::Plan flat = make_plan(described(), fingerprint, {.configuration = "2d"});
  EXPECT_EQ(flat.patch_size, (std::vector<int64_t>{56, 40}));
  EXPECT_EQ(flat.batch_size, 366);
  EXPECT_TRUE(flat.batch_dice);
  EXPECT_EQ(flat.spacing.size(), 3u);
}

/// nnU-Net's published 3d_fullres of MSD Liver: 128³ at batch 2, and a low-resolution stage beside it.
TEST(Planner, LiverShrinksToTheMemory) {
  const plan::Plan plan = make_plan(described(2, "CT"), uniform(131, {482, 512, 512}, {1, 0.767578, 0.767578}));
  EXPECT_EQ(plan.patch_size, (std::vector<int64_t>{128, 128, 128}));
  EXPECT_EQ(plan.batch_size, 2);
  EXPECT_TRUE(plan.batch_dice);
  EXPECT_EQ(plan.normalization, std::vector<plan::Normalization>{plan::Normalization::ct});
  EXPECT_EQ(plan.topology.features_per_stage, (std::vector<int64_t>{32, 64, 128, 256, 320, 320}));
  EXPECT_LE(plan::feature_map_count(plan.topology, plan.patch_size, 3), 560'000'000);
  const plan::Plan twice =
      make_plan(described(2, "CT"), uniform(131, {482, 512, 512}, {1, 0.767578, 0.767578}), {.memory_gb = 16});
  EXPECT_GT(twice.patch_size[0] * twice.patch_size[1] * twice.patch_size[2], 128 * 128 * 128);
}

TEST(Planner, ThickSlicesTakeTheTenthPercentile) {
  Fingerprint fingerprint = uniform(11, {12, 256, 256}, {10, 1.5, 1.5});
  fingerprint.cases[0].spacing[0] = 5;
  fingerprint.cases[1].spacing[0] = 6;
  const plan::Plan plan = make_plan(described(), fingerprint);
  EXPECT_DOUBLE_EQ(plan.spacing[0], 6) << "the 10th percentile of 5, 6, 10 x 9 over 11 values is the second";
  EXPECT_EQ(plan.spacing[1], 1.5);
  EXPECT_EQ(plan.median_shape[0], 20);
}

TEST(Planner, MaskWhenAQuarterWasCutAway) {
  EXPECT_EQ(make_plan(described(), uniform(9, {40, 40, 40}, {1, 1, 1}, 0.74)).normalize_inside_mask,
            std::vector<bool>{true});
  EXPECT_EQ(make_plan(described(), uniform(9, {40, 40, 40}, {1, 1, 1}, 0.75)).normalize_inside_mask,
            std::vector<bool>{false});
  EXPECT_EQ(make_plan(described(2, "CT"), uniform(9, {40, 40, 40}, {1, 1, 1}, 0.5)).normalize_inside_mask,
            std::vector<bool>{false});
}

TEST(Planner, OptionsOverrule) {
  const Fingerprint fingerprint = uniform(200, {36, 50, 35}, {1, 1, 1});
  const plan::Plan plan =
      make_plan(described(), fingerprint, {.batch_size = 4, .patch_size = {30, 32, 32}, .spacing = {2, 1, 1}});
  EXPECT_EQ(plan.batch_size, 4);
  EXPECT_EQ(plan.patch_size, (std::vector<int64_t>{32, 32, 32})) << "padded to what the network can halve";
  EXPECT_EQ(plan.spacing, (std::vector<double>{2, 1, 1}));
  EXPECT_EQ(plan.median_shape, (std::vector<double>{18, 50, 35}));
  EXPECT_THROW(make_plan(described(), fingerprint, {.patch_size = {32, 32}}), core::UserError);
  EXPECT_THROW(make_plan(described(), fingerprint, {.spacing = {1, 1}}), core::UserError);
}

TEST(Planner, AGivenSpacingLeavesTheSlicesInFront) {
  const plan::Plan plan = make_plan(described(), uniform(9, {3, 512, 512}, {1, 0.8, 0.8}),
                                    {.patch_size = {3, 160, 160}, .spacing = {1, 2.4, 2.4}});
  EXPECT_EQ(plan.transpose_forward, (std::array<int64_t, 3>{0, 1, 2}));
  EXPECT_EQ(plan.spacing, (std::vector<double>{1, 2.4, 2.4}));
  EXPECT_EQ(plan.patch_size, (std::vector<int64_t>{3, 160, 160}));
  const plan::Plan sagittal = make_plan(described(), uniform(9, {100, 80, 30}, {1, 1, 3}), {.spacing = {2, 2, 1}});
  EXPECT_EQ(sagittal.transpose_forward, (std::array<int64_t, 3>{2, 0, 1}));
  EXPECT_EQ(sagittal.spacing, (std::vector<double>{1, 2, 2}));
}

TEST(Planner, BaseFeaturesChangeTheWidthAlone) {
  const Fingerprint fingerprint = uniform(200, {36, 50, 35}, {1, 1, 1});
  const plan::Plan full = make_plan(described(), fingerprint);
  plan::Plan half = make_plan(described(), fingerprint, {.base_features = 16});
  EXPECT_EQ(full.topology.features_per_stage, (std::vector<int64_t>{32, 64, 128, 256}));
  EXPECT_EQ(half.topology.features_per_stage, (std::vector<int64_t>{16, 32, 64, 128}));
  half.topology.features_per_stage = full.topology.features_per_stage;
  EXPECT_EQ(plan::to_json(half), plan::to_json(full));
}

TEST(Planner, RefusesWhatNoNetworkFits) {
  EXPECT_THROW(make_plan(described(), uniform(9, {1, 200, 200}, {1, 1, 1})), core::UserError) << "slices in 3D";
  EXPECT_EQ(make_plan(described(), uniform(9, {1, 200, 200}, {1, 1, 1}), {.configuration = "2d"}).patch_size.size(),
            2u);
  EXPECT_THROW(make_plan(described(), uniform(9, {6, 6, 6}, {1, 1, 1})), core::UserError);
}

}  // namespace
}  // namespace medvol::datasets
