#include "datasets/augmentation/device_augmenter.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "datasets/augmentation/augmenter.h"
#include "datasets/augmentation/device_noise.h"
#include "datasets/augmentation/noise.h"
#include "tests/datasets/augmentation/stored_image.h"

namespace medvol::datasets {
namespace {

/// A smooth image with noise, and labels 0 to 3; as tensors that outlive the patches.
struct Source : tests::StoredImage {
  Source(int64_t channels, const Index3& size, at::ScalarType type) {
    at::manual_seed(3);
    const at::Tensor z = at::arange(size[0]).view({-1, 1, 1}), y = at::arange(size[1]).view({1, -1, 1});
    const at::Tensor x = at::arange(size[2]).view({1, 1, -1});
    image = (at::sin(z * 0.4) + at::cos(y * 0.3) * at::sin(x * 0.2 + 1.0)).unsqueeze(0) +
            0.3 * at::randn({channels, size[0], size[1], size[2]});
    image = image.to(type).contiguous();
    labels = (at::floor(z / 4) + at::floor(y / 5) + at::floor(x / 3)).remainder(4).to(at::kByte).contiguous();
  }
};

/// Both engines on the same draws: images to 1e-4 of their largest value, labels but for a few ties.
void expect_same_batch(const AugmentationOptions& options, const std::vector<int64_t>& patch, const Source& source,
                       const Index3& begin, uint64_t seed, int count = 6) {
  const Augmenter augmenter(options, patch);
  const AugmentationSpecification& specification = augmenter.specification();
  const Index3 size = augmenter.patch_size();
  const SourcePatch from = source.patch(begin, augmenter.source_patch_size());
  const at::Tensor images = at::empty({count, from.channels, size[0], size[1], size[2]});
  const at::Tensor labels = at::empty({count, size[0], size[1], size[2]}, at::kByte);
  std::vector<PackedPatch> packed;
  AugmentationScratch scratch;
  for (int n = 0; n < count; ++n) {
    runtime::Philox random(seed, runtime::purpose_augmentation, uint64_t(n));
    augmenter.apply(from, random, images[n].mutable_data_ptr<float>(), labels[n].mutable_data_ptr<uint8_t>(), scratch);
    packed.push_back(pack(specification, from, scratch.draws, false));
  }
  const AugmentedBatch batch = DeviceAugmenter(specification, at::kCPU).augment(packed);
  ASSERT_EQ(batch.images.sizes(), images.sizes());
  const double largest = std::max(1.0, images.abs().max().item<double>());
  EXPECT_LT((batch.images - images).abs().max().item<double>(), 1e-4 * largest);
  EXPECT_LE(batch.labels.ne(labels).to(at::kDouble).mean().item<double>(), 1e-4);
}

void expect_same(const AugmentationOptions& options) {
  for (const at::ScalarType type : {at::kFloat, at::kHalf}) {
    const Source source(3, {24, 30, 28}, type);
    expect_same_batch(options, {16, 16, 16}, source, {-1, 2, 3}, 5);
    expect_same_batch(options, {4, 18, 14}, source, {3, 2, -4}, 6);  // dummy 2D
    expect_same_batch(options, {17, 12}, source, {5, 2, 1}, 7);
  }
}

AugmentationOptions nothing() {
  AugmentationOptions options;
  for (const auto& [name, probability] : step_probabilities(options)) *probability = 0;
  return options;
}

TEST(DeviceAugmenter, EachStepAloneEqualsTheCpuEngine) {
  AugmentationOptions options = nothing();
  for (const auto& [name, probability] : step_probabilities(options)) {
    SCOPED_TRACE(name);
    *probability = 1;
    options.scaling.same_for_axes = 0.5;
    expect_same(options);
    *probability = 0;
  }
}

TEST(DeviceAugmenter, TheDefaultEqualsTheCpuEngine) {
  const Source source(4, {30, 34, 32}, at::kHalf);
  for (uint64_t seed = 0; seed < 4; ++seed) expect_same_batch({}, {20, 20, 20}, source, {-3, 0, 2}, seed, 8);
}

TEST(DeviceAugmenter, AllStepsAtOnceEqualTheCpuEngine) {
  AugmentationOptions options;
  for (const auto& [name, probability] : step_probabilities(options)) *probability = 0.5;
  // Exponents near 0 have an infinite slope at the minimum, where rounding differs; sharpening multiplies the 1/131 070
  // of the CPU's median filter.
  options.local_gamma.low = 0.5;
  options.median.probability = 0;
  options.noise.after_blur = true;
  const Source source(2, {24, 30, 28}, at::kHalf);
  for (uint64_t seed = 0; seed < 4; ++seed) expect_same_batch(options, {14, 14, 14}, source, {0, 1, 2}, seed);
}

TEST(DeviceAugmenter, ABoxBesideTheImageIsEmpty) {
  AugmentationOptions options = nothing();
  options.rotation.probability = 0.5;
  const Source source(1, {10, 11, 12}, at::kHalf);
  expect_same_batch(options, {8, 8, 8}, source, {9, -9, 8}, 1);
  expect_same_batch(options, {8, 8, 8}, source, {-60, 2, 50}, 1);
}

TEST(DeviceAugmenter, PacksNoMoreThanIsRead) {
  const Source source(1, {60, 60, 60}, at::kHalf);
  AugmentationOptions options = nothing();
  const Augmenter plain(options, {16, 16, 16});
  AugmentationDraws draws;
  runtime::Philox random(1, 2, 3);
  draw(plain.specification(), 1, random, draws);
  const PackedPatch crop =
      pack(plain.specification(), source.patch({5, 5, 5}, plain.source_patch_size()), draws, false);
  EXPECT_EQ(crop.image.sizes(), (at::IntArrayRef{1, 16, 16, 16}));
  options.scaling = {1, 0.5, 0.5};
  const Augmenter closer(options, {16, 16, 16});
  draw(closer.specification(), 1, random, draws);
  const PackedPatch half =
      pack(closer.specification(), source.patch({5, 5, 5}, closer.source_patch_size()), draws, false);
  for (int64_t axis = 1; axis < 4; ++axis) EXPECT_LE(half.image.size(axis), 8 + 4);
}

TEST(DeviceNoise, IsTheNoiseOfTheCpuEngine) {
  constexpr int64_t count = 1003;
  const uint64_t key = 0xfedcba9876543210;
  std::vector<float> expected(count, 0);
  add_noise(expected.data(), count, 1, key, 2);
  const auto whole = [](uint64_t value) { return at::full({1}, int64_t(value), at::kLong); };
  const at::Tensor found = normal_rows(whole(key & 0xffffffff), whole(key >> 32), whole(2), count);
  const at::Tensor reference = at::from_blob(expected.data(), {1, count});
  EXPECT_LT((found - reference).abs().max().item<double>(), 1e-5);
}

}  // namespace
}  // namespace medvol::datasets
