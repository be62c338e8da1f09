#include "datasets/augmentation/intensity.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <numeric>

#include "datasets/augmentation/augmenter.h"
#include "datasets/augmentation/blur.h"
#include "datasets/augmentation/low_resolution.h"
#include "datasets/augmentation/noise.h"

namespace medvol::datasets {
namespace {

constexpr int64_t count = 1003;  // no multiple of eight

std::vector<float> wave() {
  std::vector<float> values(count);
  for (int64_t i = 0; i < count; ++i) values[size_t(i)] = float(std::sin(0.37 * double(i)) * 2 + 0.001 * double(i) + 3);
  return values;
}

struct Summary {
  double mean, deviation, minimum, maximum;
};

Summary summary(const std::vector<float>& values) {
  Summary result{0, 0, values[0], values[0]};
  for (const float value : values) {
    result.mean += value / double(values.size());
    result.minimum = std::min(result.minimum, double(value));
    result.maximum = std::max(result.maximum, double(value));
  }
  for (const float value : values) result.deviation += std::pow(value - result.mean, 2) / double(values.size());
  result.deviation = std::sqrt(result.deviation);
  return result;
}

void expect_near(const std::vector<float>& values, const std::vector<double>& expected, double tolerance) {
  for (size_t i = 0; i < values.size(); ++i) ASSERT_NEAR(values[i], expected[i], tolerance) << i;
}

TEST(Intensity, ContrastStretchesAboutTheMeanWithinTheOldRange) {
  for (const double factor : {0.8, 1.25}) {
    std::vector<float> values = wave();
    const Summary before = summary(values);
    std::vector<double> expected;
    for (const float value : values)
      expected.push_back(std::clamp((value - before.mean) * factor + before.mean, before.minimum, before.maximum));
    ChannelIntensity intensity(values.data(), count);
    intensity.stretch(factor);
    intensity.finish();
    expect_near(values, expected, 1e-5);
    EXPECT_EQ(factor > 1, summary(values).maximum == before.maximum);
  }
}

std::vector<double> gamma_by_definition(const std::vector<double>& from, double gamma, bool inverted) {
  std::vector<double> v = from;
  const double sign = inverted ? -1 : 1;
  for (double& value : v) value *= sign;
  const auto moments = [](const std::vector<double>& of) {
    double mean = 0, squares = 0;
    for (const double value : of) mean += value / double(of.size());
    for (const double value : of) squares += (value - mean) * (value - mean) / double(of.size());
    return std::pair(mean, std::sqrt(squares));
  };
  const auto [mean, deviation] = moments(v);
  const auto [low, high] = std::minmax_element(v.begin(), v.end());
  const double minimum = *low, range = *high - *low;
  for (double& value : v) value = std::pow((value - minimum) / range, gamma) * range + minimum;
  const auto [mean_here, deviation_here] = moments(v);
  for (double& value : v) value = sign * ((value - mean_here) * (deviation / deviation_here) + mean);
  return v;
}

TEST(Intensity, GammaFollowsItsDefinitionAndRestoresMeanAndSpread) {
  for (const bool inverted : {false, true})
    for (const double gamma : {0.7, 1.0, 1.5}) {
      std::vector<float> values = wave();
      const Summary before = summary(values);
      const std::vector<double> expected = gamma_by_definition({values.begin(), values.end()}, gamma, inverted);
      ChannelIntensity intensity(values.data(), count);
      intensity.curve(gamma, inverted);
      intensity.finish();
      expect_near(values, expected, 2e-5);
      EXPECT_NEAR(summary(values).mean, before.mean, 1e-5);
      EXPECT_NEAR(summary(values).deviation, before.deviation, 1e-5);
    }
}

TEST(Intensity, StepsNotedTogetherEqualStepsDoneOneByOne) {
  std::vector<float> together = wave();
  std::vector<float> apart = together;
  ChannelIntensity all(together.data(), count);
  all.multiply(1.2), all.stretch(1.1), all.curve(0.8, true), all.curve(1.4, false);
  all.finish();
  const auto one = [&](const auto& step) {
    ChannelIntensity intensity(apart.data(), count);
    step(intensity);
    intensity.finish();
  };
  one([](ChannelIntensity& intensity) { intensity.multiply(1.2); });
  one([](ChannelIntensity& intensity) { intensity.stretch(1.1); });
  one([](ChannelIntensity& intensity) { intensity.curve(0.8, true); });
  one([](ChannelIntensity& intensity) { intensity.curve(1.4, false); });
  expect_near(together, {apart.begin(), apart.end()}, 5e-5);
}

TEST(Intensity, AFlatChannelStaysFlat) {
  std::vector<float> values(count, 2.5f);
  ChannelIntensity intensity(values.data(), count);
  intensity.stretch(1.2), intensity.curve(0.7, true), intensity.curve(1.4, false);
  intensity.finish();
  for (const float value : values) ASSERT_NEAR(value, 2.5, 1e-6);
}

TEST(Blur, TapsAreThoseOfThePeer) {
  EXPECT_EQ(gaussian_weights(0.5).size(), 3u);  // nearest odd to 3.5 from below
  EXPECT_EQ(gaussian_weights(0.9).size(), 5u);  // 5.9 → 6 → 5
  EXPECT_EQ(gaussian_weights(1.0).size(), 7u);  // 6.5 → 6 → 7
  const std::vector<float> taps = gaussian_weights(0.8);
  EXPECT_NEAR(std::accumulate(taps.begin(), taps.end(), 0.0), 1, 1e-6);
  EXPECT_NEAR(taps[2] / taps[1], std::exp(0.5 / (0.8 * 0.8)), 1e-5);
}

TEST(Blur, ADeltaBecomesTheProductOfThreeGaussians) {
  const Index3 size{11, 12, 21};
  std::vector<float> values(size_t(voxel_count(size)), 0), planes, row;
  values[size_t((5 * 12 + 6) * 21 + 10)] = 1;
  blur(values.data(), size, {0.6, 0.8, 1.0}, planes, row);
  EXPECT_NEAR(std::accumulate(values.begin(), values.end(), 0.0), 1, 1e-5);
  const auto z = gaussian_weights(0.6), y = gaussian_weights(0.8), x = gaussian_weights(1.0);
  const auto weight = [](const std::vector<float>& taps, int64_t offset) {
    const int64_t at = offset + int64_t(taps.size() / 2);
    return at < 0 || at >= int64_t(taps.size()) ? 0.0f : taps[size_t(at)];
  };
  for (int64_t k = 0; k < 11; ++k)
    for (int64_t j = 0; j < 12; ++j)
      for (int64_t i = 0; i < 21; ++i)
        ASSERT_NEAR(values[size_t((k * 12 + j) * 21 + i)], weight(z, k - 5) * weight(y, j - 6) * weight(x, i - 10),
                    1e-6);
}

TEST(Blur, BordersAreReflectedAsInTorch) {
  const Index3 size{1, 1, 9};
  std::vector<float> values(9), planes, row;
  std::iota(values.begin(), values.end(), 1.0f);
  const std::vector<float> before = values, taps = gaussian_weights(1.0);
  blur(values.data(), size, {0, 0, 1.0}, planes, row);
  double first = 0;
  for (int64_t k = -3; k <= 3; ++k) first += taps[size_t(k + 3)] * before[size_t(std::abs(k))];
  EXPECT_NEAR(values[0], first, 1e-5);
  EXPECT_NEAR(values[4], 5, 1e-5);
}

TEST(LowResolution, EqualsTorchsInterpolate) {
  const Index3 size{13, 17, 22};
  const at::Tensor image = at::sin(at::arange(13 * 17 * 22).to(at::kFloat) * 0.21f).view({1, 1, 13, 17, 22});
  for (const double scale : {0.5, 0.63, 0.87, 1.0}) {
    const auto coarse = [&](int64_t n) { return std::llrint(double(n) * scale); };
    const at::Tensor down = at::_upsample_nearest_exact3d(image, {coarse(13), coarse(17), coarse(22)});
    const at::Tensor expected = at::upsample_trilinear3d(down, {13, 17, 22}, false);
    at::Tensor ours = image.clone();
    std::vector<float> memory, rows;
    std::vector<int32_t> table;
    simulate_low_resolution(ours.mutable_data_ptr<float>(), size, scale, false, memory, rows, table);
    EXPECT_LT((ours - expected).abs().max().item<double>(), 1e-5) << scale;
  }
}

TEST(LowResolution, InPlaneKeepsSlicesApart) {
  at::Tensor ours = at::arange(3 * 8 * 8).to(at::kFloat).view({3, 8, 8}).clone();
  const at::Tensor first = ours[0].clone();
  std::vector<float> memory, rows;
  std::vector<int32_t> table;
  simulate_low_resolution(ours.mutable_data_ptr<float>(), {3, 8, 8}, 0.5, true, memory, rows, table);
  at::Tensor alone = first.clone();
  simulate_low_resolution(alone.mutable_data_ptr<float>(), {1, 8, 8}, 0.5, true, memory, rows, table);
  EXPECT_TRUE(at::equal(ours[0], alone));
}

TEST(Noise, IsBoxMullerOfPhiloxWords) {
  std::vector<float> values(100, 0);
  const uint64_t key = 0x123456789abcdef0;
  add_noise(values.data(), 100, 2.0f, key, 3);
  for (const int64_t i : {0, 7, 8, 17, 31, 32, 63, 99}) {
    const uint64_t block = uint64_t(8 * (i / 32) + i % 8);
    const auto words =
        runtime::Philox::block({uint32_t(block), uint32_t(block >> 32), 3, 0}, {uint32_t(key), uint32_t(key >> 32)});
    const int64_t part = i % 32 / 8;
    const uint32_t a = words[part < 2 ? 0 : 2], b = words[part < 2 ? 1 : 3];
    const double radius = std::sqrt(-2 * std::log(double((a >> 8) + 1) / 16777216.0));
    const double angle = 2 * std::numbers::pi * double(b >> 8) / 16777216.0;
    EXPECT_NEAR(values[size_t(i)], 2 * radius * (part % 2 == 0 ? std::cos(angle) : std::sin(angle)), 1e-5) << i;
  }
}

TEST(Noise, IsStandardNormal) {
  std::vector<float> values(1 << 20, 0);
  add_noise(values.data(), int64_t(values.size()), 1, 99, 0);
  double sum = 0, squares = 0, fourth = 0;
  for (const float value : values) sum += value, squares += value * value, fourth += std::pow(value, 4);
  const auto n = double(values.size());
  EXPECT_NEAR(sum / n, 0, 5e-3);
  EXPECT_NEAR(squares / n, 1, 7e-3);
  EXPECT_NEAR(fourth / n, 3, 0.05);
}

TEST(Augmenter, ProbabilitiesOfZeroGiveThePatchItself) {
  AugmentationOptions options;
  for (const auto& [name, probability] : step_probabilities(options)) *probability = 0;
  const Augmenter augmenter(options, {9, 10, 11});
  const Index3 box = augmenter.source_patch_size();
  const at::Tensor image = at::rand({2, box[0], box[1], box[2]}).contiguous();
  const at::Tensor labels = at::randint(0, 4, {box[0], box[1], box[2]}, at::kByte);
  const SourcePatch source{image.const_data_ptr<float>(), labels.const_data_ptr<uint8_t>(), 2, box, {0, 0, 0}, box};
  at::Tensor out = at::empty({2, 9, 10, 11}), out_labels = at::empty({9, 10, 11}, at::kByte);
  AugmentationScratch scratch;
  runtime::Philox random(1, 2, 3);
  augmenter.apply(source, random, out.mutable_data_ptr<float>(), out_labels.mutable_data_ptr<uint8_t>(), scratch);
  const int64_t z = box[0] / 2 - 4, y = box[1] / 2 - 5, x = box[2] / 2 - 5;
  EXPECT_TRUE(at::equal(out, image.slice(1, z, z + 9).slice(2, y, y + 10).slice(3, x, x + 11)));
  EXPECT_TRUE(at::equal(out_labels, labels.slice(0, z, z + 9).slice(1, y, y + 10).slice(2, x, x + 11)));
}

TEST(Augmenter, EveryStepAtOnceKeepsValuesFiniteAndLabelsKnown) {
  AugmentationOptions options;
  for (const auto& [name, probability] : step_probabilities(options)) *probability = 1;
  options.median.probability = options.contrast.probability = 0.5;  // each excludes another step
  options.blur.probability = options.free_contrast.probability = 0.5;
  options.blur.channel_probability = options.low_resolution.channel_probability = 1;
  for (const std::vector<int64_t>& patch : {std::vector<int64_t>{9, 10, 11}, {3, 12, 13}, {14, 9}}) {
    const Augmenter augmenter(options, patch);
    const Index3 size = augmenter.patch_size(), image_size{7, 9, 8};  // smaller than the patch
    const at::Tensor image = at::randn({2, 7, 9, 8}).to(at::kHalf), labels = at::randint(0, 3, {7, 9, 8}, at::kByte);
    const SourcePatch source{
        image.const_data_ptr<c10::Half>(), labels.const_data_ptr<uint8_t>(), 2, image_size, {-2, -3, 1},
        augmenter.source_patch_size()};
    at::Tensor out = at::full({2, size[0], size[1], size[2]}, NAN),
               out_labels = at::full({size[0], size[1], size[2]}, 9, at::kByte);
    AugmentationScratch scratch;
    runtime::Philox random(1, 2, 3);
    augmenter.apply(source, random, out.mutable_data_ptr<float>(), out_labels.mutable_data_ptr<uint8_t>(), scratch);
    EXPECT_TRUE(at::isfinite(out).all().item<bool>());
    EXPECT_LT(out_labels.max().item<int>(), 3);
  }
}

}  // namespace
}  // namespace medvol::datasets
