#include "datasets/augmentation/previous_stage.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "datasets/augmentation/augmenter.h"
#include "datasets/augmentation/bit_mask.h"
#include "tests/datasets/augmentation/stored_image.h"

namespace medvol::datasets {
namespace {

using Labels = std::vector<uint8_t>;

Labels random_labels(const Index3& size, uint64_t seed, double share, uint8_t classes = 1) {
  runtime::Philox random(seed, runtime::purpose_phantom);
  Labels labels(static_cast<size_t>(voxel_count(size)), 0);
  for (uint8_t& label : labels)
    if (random.bernoulli(share)) label = static_cast<uint8_t>(1 + random.below(classes));
  return labels;
}

/// By the definition, voxel by voxel.
Labels dilated_slowly(const Labels& labels, const Index3& size, double radius) {
  const auto reach = static_cast<int64_t>(radius);
  Labels result(labels.size(), 0);
  for (int64_t z = 0; z < size[0]; ++z)
    for (int64_t y = 0; y < size[1]; ++y)
      for (int64_t x = 0; x < size[2]; ++x)
        for (int64_t dz = -reach; dz <= reach; ++dz)
          for (int64_t dy = -reach; dy <= reach; ++dy)
            for (int64_t dx = -reach; dx <= reach; ++dx) {
              const Index3 at{z + dz, y + dy, x + dx};
              const bool inside = at[0] >= 0 && at[1] >= 0 && at[2] >= 0 && at[0] < size[0] && at[1] < size[1] &&
                                  at[2] < size[2] && double(dz * dz + dy * dy + dx * dx) <= radius * radius;
              if (inside && labels[size_t((at[0] * size[1] + at[1]) * size[2] + at[2])])
                result[size_t((z * size[1] + y) * size[2] + x)] = 1;
            }
  return result;
}

Labels voxels(const BitMask& mask, const Index3& size) {
  Labels result;
  for (int64_t row = 0; row < size[0] * size[1]; ++row)
    for (int64_t x = 0; x < size[2]; ++x) result.push_back(mask.at(row, x));
  return result;
}

Labels inverted(Labels labels) {
  for (uint8_t& label : labels) label = !label;
  return labels;
}

TEST(BitMask, DilatesAndErodesByTheDefinition) {
  for (const Index3& size : {Index3{7, 9, 70}, Index3{5, 6, 64}, Index3{1, 12, 130}, Index3{9, 8, 5}})
    for (const double radius : {0.0, 1.0, 1.5, 2.0, 3.7}) {
      const Labels labels = random_labels(size, 3, 0.03);
      const BitMask mask(labels.data(), size, 1);
      EXPECT_EQ(voxels(mask.dilated(radius), size), dilated_slowly(labels, size, radius)) << radius;
      const Labels full = random_labels(size, 4, 0.97);
      EXPECT_EQ(voxels(BitMask(full.data(), size, 1).eroded(radius), size),
                inverted(dilated_slowly(inverted(full), size, radius)))
          << radius;
    }
}

TEST(BitMask, OneVoxelBecomesTheBall) {
  const Index3 size{21, 21, 21};
  Labels labels(9261, 0);
  labels[(10 * 21 + 10) * 21 + 10] = 1;
  // Lattice points within r of the origin (OEIS A000605).
  for (const auto& [radius, count] : {std::pair{1, 7}, {2, 33}, {3, 123}, {4, 257}, {5, 515}, {8, 2109}}) {
    const Labels ball = voxels(BitMask(labels.data(), size, 1).dilated(radius), size);
    EXPECT_EQ(std::count(ball.begin(), ball.end(), 1), count);
  }
}

AugmentationOptions only(double morphology, double removal) {
  AugmentationOptions options;
  options.previous_morphology = {morphology, 1, 1, 3};
  options.previous_removal = {removal, 1, 0.15};
  return options;
}

TEST(PreviousStage, NothingHappensByChanceNothing) {
  const Index3 size{12, 13, 14};
  const Labels before = random_labels(size, 5, 0.2, 3);
  Labels labels = before;
  runtime::Philox random(1, runtime::purpose_augmentation);
  spoil(labels.data(), size, 3, only(0, 0), random);
  EXPECT_EQ(labels, before);
  AugmentationOptions off = only(1, 1);
  off.enabled = false;
  spoil(labels.data(), size, 3, off, random);
  EXPECT_EQ(labels, before);
}

TEST(PreviousStage, MorphologyChangesLabelsAndInventsNone) {
  const Index3 size{16, 16, 16};
  std::set<int64_t> changes;
  for (uint64_t i = 0; i < 20; ++i) {
    Labels labels(4096, 0);
    for (int64_t z = 4; z < 12; ++z)
      for (int64_t y = 4; y < 12; ++y)
        for (int64_t x = 4; x < 12; ++x) labels[size_t((z * 16 + y) * 16 + x)] = 2;
    labels[0] = 9;  // no label of the plan: left alone unless a ball covers it
    runtime::Philox random(i, runtime::purpose_augmentation);
    spoil(labels.data(), size, 2, only(1, 0), random);
    const std::set<uint8_t> found(labels.begin(), labels.end());
    for (const uint8_t label : found) EXPECT_TRUE(label == 0 || label == 2 || label == 9) << int(label);
    changes.insert(std::count(labels.begin(), labels.end(), 2) - 512);
  }
  EXPECT_LT(*changes.begin(), 0) << "never eroded";
  EXPECT_GT(*changes.rbegin(), 0) << "never dilated";
  EXPECT_TRUE(changes.contains(0)) << "a closed cube is itself";
}

TEST(PreviousStage, TakesOutOneComponentWhichIsSmall) {
  const Index3 size{10, 10, 10};
  Labels before(1000, 0);
  std::fill(before.begin(), before.begin() + 200, 1);  // a fifth: too large to go
  before[500] = before[611] = 1;                       // two voxels that share a corner: one component
  before[899] = 1;
  std::set<int64_t> gone;
  for (uint64_t i = 0; i < 20; ++i) {
    Labels labels = before;
    runtime::Philox random(i, runtime::purpose_augmentation);
    spoil(labels.data(), size, 1, only(0, 1), random);
    EXPECT_TRUE(std::equal(labels.begin(), labels.begin() + 200, before.begin()));
    EXPECT_EQ(labels[500], labels[611]);
    gone.insert(203 - std::count(labels.begin(), labels.end(), 1));
  }
  EXPECT_EQ(gone, (std::set<int64_t>{1, 2}));
}

TEST(PreviousStage, OneHotHasAChannelForEachLabel) {
  const Labels labels{0, 2, 1, 3, 2};
  std::vector<float> channels(10, -1);
  one_hot(labels.data(), 5, 2, channels.data());
  EXPECT_EQ(channels, (std::vector<float>{0, 0, 1, 0, 0, 0, 1, 0, 0, 1}));
}

/// Wherever a map of labels goes, a second one goes too.
TEST(PreviousStage, MovesAsTheLabelsDo) {
  for (const double bent : {0.0, 1.0}) {
    AugmentationOptions options;
    options.rotation.probability = options.scaling.probability = 0.6;
    options.elastic.probability = bent;
    options.right_angles.probability = 0.5;
    const Augmenter augmenter(options, {12, 12, 12});
    at::manual_seed(3);
    const tests::StoredImage stored{at::rand({2, 20, 22, 24}), at::randint(4, {20, 22, 24}, at::kByte)};
    SourcePatch source = stored.patch({-1, 2, 3}, augmenter.source_patch_size());
    const auto count = static_cast<size_t>(voxel_count(source.image_size)), out = size_t(12 * 12 * 12);
    Labels both(source.labels, source.labels + count);
    both.insert(both.end(), source.labels, source.labels + count);
    source.labels = both.data();
    source.label_volumes = 2;
    for (uint64_t i = 0; i < 8; ++i) {
      runtime::Philox random(7, runtime::purpose_augmentation, i);
      std::vector<float> image(2 * out);
      Labels moved(2 * out, 255);
      AugmentationScratch scratch;
      augmenter.apply(source, random, image.data(), moved.data(), scratch);
      EXPECT_TRUE(std::equal(moved.begin(), moved.begin() + out, moved.begin() + out));
      EXPECT_GT(std::set<uint8_t>(moved.begin(), moved.end()).size(), 1u);
    }
  }
}

}  // namespace
}  // namespace medvol::datasets
