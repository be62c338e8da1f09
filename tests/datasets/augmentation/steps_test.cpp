#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "datasets/augmentation/augmenter.h"
#include "datasets/augmentation/cut_out.h"
#include "datasets/augmentation/local_window.h"
#include "datasets/augmentation/median.h"
#include "datasets/augmentation/sharpening.h"
#include "framework/core/error.h"

namespace medvol::datasets {
namespace {

using runtime::Philox;

at::Tensor random_volume(const Index3& size) {
  at::manual_seed(5);
  return at::randn({size[0], size[1], size[2]});
}

/// The edge³ values about a voxel, sorted; by definition.
float median_by_sorting(const at::Tensor& volume, const Index3& at, int64_t edge) {
  std::vector<float> values;
  const auto access = volume.accessor<float, 3>();
  const auto reach = [&](size_t axis) { return volume.size(int64_t(axis)) == 1 ? 1 : edge; };
  for (int64_t z = 0; z < reach(0); ++z)
    for (int64_t y = 0; y < reach(1); ++y)
      for (int64_t x = 0; x < reach(2); ++x)
        values.push_back(access[mirrored(at[0] + z - reach(0) / 2, volume.size(0))][mirrored(
            at[1] + y - reach(1) / 2, volume.size(1))][mirrored(at[2] + x - reach(2) / 2, volume.size(2))]);
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

TEST(Median, EqualsSortingEveryNeighbourhood) {
  MedianScratch scratch;
  for (const Index3& size : {Index3{6, 7, 9}, {1, 8, 11}, {3, 3, 4}})
    for (const int64_t edge : {2, 3, 4, 7}) {
      const at::Tensor before = random_volume(size), after = before.clone();
      median_filter(after.mutable_data_ptr<float>(), size, edge, scratch);
      const double range = (before.max() - before.min()).item<double>();
      for (int64_t z = 0; z < size[0]; ++z)
        for (int64_t y = 0; y < size[1]; ++y)
          for (int64_t x = 0; x < size[2]; ++x)
            ASSERT_NEAR(after[z][y][x].item<float>(), median_by_sorting(before, {z, y, x}, edge), range / 131070 + 1e-6)
                << edge << " at " << z << ' ' << y << ' ' << x;
    }
}

TEST(Median, LeavesAFlatImageAndASingleVoxelAlone) {
  MedianScratch scratch;
  std::vector<float> flat(60, 2.5f);
  median_filter(flat.data(), {3, 4, 5}, 5, scratch);
  EXPECT_EQ(flat, std::vector<float>(60, 2.5f));
  std::vector<float> values{1, 5, 2, 4};
  median_filter(values.data(), {1, 1, 4}, 1, scratch);
  EXPECT_EQ(values, (std::vector<float>{1, 5, 2, 4}));
}

TEST(CutOut, BoxesBecomeTheMeanOfWhatTheyCoverOneAfterTheOther) {
  const at::Tensor before = random_volume({6, 7, 8}), after = before.clone();
  cut_out(after.mutable_data_ptr<float>(), {6, 7, 8}, {{{1, 2, 3}, {2, 3, 4}}, {{2, 2, 2}, {2, 2, 3}}});
  at::Tensor expected = before.clone();
  at::Tensor first = expected.slice(0, 1, 3).slice(1, 2, 5).slice(2, 3, 7);
  first.fill_(first.mean());
  at::Tensor second = expected.slice(0, 2, 4).slice(1, 2, 4).slice(2, 2, 5);
  second.fill_(second.mean());
  EXPECT_LT((after - expected).abs().max().item<double>(), 1e-6);
}

TEST(Sharpening, AddsTheNegativeLaplacian) {
  const Index3 size{4, 5, 6};
  std::vector<float> values(120, 0), scratch;
  values[size_t((2 * 5 + 2) * 6 + 3)] = 1;
  sharpen(values.data(), size, 0.5, scratch);
  EXPECT_FLOAT_EQ(values[size_t((2 * 5 + 2) * 6 + 3)], 1 + 0.5f * 6);
  EXPECT_FLOAT_EQ(values[size_t((2 * 5 + 2) * 6 + 4)], -0.5f);
  EXPECT_FLOAT_EQ(values[size_t((1 * 5 + 2) * 6 + 3)], -0.5f);
  EXPECT_FLOAT_EQ(values[size_t((2 * 5 + 3) * 6 + 3)], -0.5f);
  EXPECT_FLOAT_EQ(values[0], 0);
  std::vector<float> slope{0, 1, 2, 3};  // at the border one neighbour is the voxel itself
  sharpen(slope.data(), {1, 1, 4}, 1, scratch);
  EXPECT_EQ(slope, (std::vector<float>{-1, 1, 2, 4}));
  std::vector<float> one{3};
  sharpen(one.data(), {1, 1, 1}, 1, scratch);
  EXPECT_EQ(one[0], 3);
}

TEST(LocalWindow, RunsFromZeroToOneAsAGaussian) {
  const Index3 size{9, 10, 11};
  LocalWindow window;
  make_window({{4, 2, 20}, {3, 2, 8}}, size, window);
  std::vector<float> values(size_t(voxel_count(size)), 0);
  add_window(values.data(), size, window, 1);
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  EXPECT_NEAR(*low, 0, 1e-6);
  EXPECT_NEAR(*high, 1, 1e-6);
  const auto integral = [](double i, double centre, double width) {
    const auto cumulative = [&](double x) { return 0.5 * (1 + std::erf((x - centre) / (width * std::sqrt(2.0)))); };
    return cumulative(i + 0.5) - cumulative(i - 0.5);
  };
  const auto product = [&](int64_t z, int64_t y, int64_t x) {
    return integral(double(z), 4, 3) * integral(double(y), 2, 2) * integral(double(x), 20, 8);
  };
  const double most = product(4, 2, 10), least = product(0, 9, 0);
  for (const auto& [z, y, x] : {Index3{4, 2, 10}, {0, 9, 0}, {3, 5, 4}, {8, 0, 7}})
    EXPECT_NEAR(values[size_t((z * 10 + y) * 11 + x)], (product(z, y, x) - least) / (most - least), 1e-5);
}

TEST(LocalWindow, GammaBlendsFromTheImageToItsCurve) {
  const Index3 size{1, 5, 16};
  LocalWindow window;
  make_window({{0, 1, 3}, {0, 2, 4}}, size, window);
  std::vector<float> shares(80, 0), values(80);
  add_window(shares.data(), size, window, 1);
  for (size_t i = 0; i < 80; ++i) values[i] = float(std::sin(double(i)) * 3 + 1);
  const std::vector<float> before = values;
  local_gamma(values.data(), size, window, 2.5);
  const auto [low, high] = std::minmax_element(before.begin(), before.end());
  for (size_t i = 0; i < 80; ++i) {
    const double level = double(before[i] - *low) / double(*high - *low);
    const double blended = level * (1 - double(shares[i])) + std::pow(level, 2.5) * double(shares[i]);
    EXPECT_NEAR(values[i], blended * double(*high - *low) + double(*low), 1e-5);
  }
}

AugmentationOptions nothing() {
  AugmentationOptions options;
  for (const auto& [name, probability] : step_probabilities(options)) *probability = 0;
  return options;
}

/// The box itself as the image, so that the plain crop is a function of order and mirror alone.
at::Tensor crop_of(const at::Tensor& image, const AugmentationDraws& draws, const Augmenter& augmenter) {
  const at::Tensor labels = image.to(at::kByte).contiguous();
  const Index3 size{image.size(0), image.size(1), image.size(2)}, patch = augmenter.patch_size();
  const at::Tensor out = at::empty({patch[0], patch[1], patch[2]}), out_labels = at::empty(out.sizes(), at::kByte);
  AugmentationScratch scratch;
  augmenter.execute(draws, {image.const_data_ptr<float>(), labels.const_data_ptr<uint8_t>(), 1, size, {0, 0, 0}, size},
                    out.mutable_data_ptr<float>(), out_labels.mutable_data_ptr<uint8_t>(), scratch);
  if (!draws.interpolate) {
    EXPECT_TRUE(at::equal(out.to(at::kByte), out_labels));
  }
  return out;
}

TEST(RightAngles, EveryTurnIsTorchsRot90AndAllAreReached) {
  AugmentationOptions options = nothing();
  options.right_angles.probability = 1;
  const Augmenter augmenter(options, {6, 6, 6});
  const at::Tensor image = at::arange(216).to(at::kFloat).view({6, 6, 6});
  std::vector<at::Tensor> expected;
  for (const auto& [a, b] : {std::pair{0, 1}, {0, 2}, {1, 2}})
    for (int k = 0; k < 4; ++k) expected.push_back(image.rot90(k, {a, b}));
  std::set<size_t> found;
  AugmentationDraws draws;
  for (uint64_t i = 0; i < 200; ++i) {
    Philox random(1, 2, i);
    draw(augmenter.specification(), 1, random, draws);
    EXPECT_FALSE(draws.interpolate);
    const at::Tensor turned = crop_of(image, draws, augmenter);
    const auto same =
        std::find_if(expected.begin(), expected.end(), [&](const auto& e) { return at::equal(e, turned); });
    ASSERT_NE(same, expected.end());
    found.insert(size_t(same - expected.begin()));
  }
  EXPECT_EQ(found.size(), 10u);  // twelve, of which three are the identity
}

TEST(Transposition, ReachesEveryOrderOfEquallyLongAxesOnly) {
  AugmentationOptions options = nothing();
  options.transposition.probability = 1;
  std::set<std::array<size_t, 3>> orders;
  AugmentationDraws draws;
  for (uint64_t i = 0; i < 200; ++i) {
    Philox random(1, 2, i);
    draw(specify(options, {8, 8, 8}), 1, random, draws);
    orders.insert(draws.order);
  }
  EXPECT_EQ(orders.size(), 6u);
  orders.clear();
  for (uint64_t i = 0; i < 50; ++i) {
    Philox random(1, 2, i);
    draw(specify(options, {8, 6, 8}), 1, random, draws);
    orders.insert(draws.order);
  }
  EXPECT_EQ(orders, (std::set<std::array<size_t, 3>>{{0, 1, 2}, {2, 1, 0}}));
  Philox random(1, 2, 3);
  draw(specify(options, {8, 6, 7}), 1, random, draws);
  EXPECT_EQ(draws.order, (std::array<size_t, 3>{0, 1, 2}));
}

TEST(RightAngles, OfAnInterpolatedPatchAreThoseOfItsResult) {
  AugmentationOptions options = nothing();
  options.rotation.probability = 1;
  const Augmenter augmenter(options, {9, 9, 9});
  const Index3 box = augmenter.source_patch_size();
  const at::Tensor image = random_volume(box);
  AugmentationDraws draws;
  Philox random(1, 2, 3);
  draw(augmenter.specification(), 1, random, draws);
  const at::Tensor plain = crop_of(image.abs() * 50, draws, augmenter).clone();
  draws.order = {2, 0, 1};
  draws.mirror = {true, false, true};
  const at::Tensor turned = crop_of(image.abs() * 50, draws, augmenter);
  EXPECT_LT((turned - plain.permute({2, 0, 1}).flip({0, 2})).abs().max().item<double>(), 1e-3);
}

TEST(Draws, StepsThatExcludeEachOtherMustFitTogether) {
  AugmentationOptions options;
  options.median.probability = 0.9;
  EXPECT_THROW(specify(options, {8, 8, 8}), core::UserError);
  options.median.probability = 0.5;
  AugmentationDraws draws;
  int both = 0, medians = 0;
  for (uint64_t i = 0; i < 2000; ++i) {
    Philox random(1, 2, i);
    draw(specify(options, {8, 8, 8}), 4, random, draws);
    const auto any = [&](const auto& condition) {
      return std::any_of(draws.channels.begin(), draws.channels.end(), condition);
    };
    const bool median = any([](const ChannelDraws& channel) { return channel.median > 1; });
    medians += median;
    both += median && any([](const ChannelDraws& channel) { return channel.blur_sigma[0] > 0; });
  }
  EXPECT_EQ(both, 0);
  EXPECT_NEAR(medians, 2000 * 0.5 * (1 - std::pow(0.5, 4)), 100);
}

}  // namespace
}  // namespace medvol::datasets
