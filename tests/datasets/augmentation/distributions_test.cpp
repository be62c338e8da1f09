#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <sstream>

#include "datasets/augmentation/augmenter.h"
#include "framework/config/app.h"
#include "tests/support/support.h"

namespace medvol::datasets {
namespace {

constexpr int64_t edge = 16, box = 25, draws_made = 1500;
constexpr size_t measures = 8;

/// One step of the peer's, from golden/distributions.txt (see distributions.py).
struct PeerStep {
  std::string transforms, name;
  double probability = 0;
  int64_t draws = 0;
  std::array<double, measures> mean{}, deviation{};
};

std::vector<PeerStep> peer_steps() {
  std::istringstream file(
      tests::read_file(tests::source_root() / "tests/datasets/augmentation/golden/distributions.txt"));
  std::vector<PeerStep> steps;
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    PeerStep step;
    fields >> step.transforms >> step.name >> step.probability >> step.draws;
    for (size_t i = 0; i < measures; ++i) fields >> step.mean[i] >> step.deviation[i];
    EXPECT_FALSE(fields.fail()) << line;
    steps.push_back(step);
  }
  return steps;
}

AugmentationOptions configured(const std::string& name) {
  return config::resolve(config::CommandLine{}, {tests::source_root() / "experiments/conf/augmentation", name},
                         AugmentationOptions{})
      .options;
}

/// The script's image and labels.
struct Source {
  at::Tensor image, labels;
  Source() {
    const auto axis = [](at::IntArrayRef shape) { return at::arange(box, at::kDouble).view(shape); };
    const at::Tensor z = axis({-1, 1, 1}), y = axis({1, -1, 1}), x = axis({1, 1, -1});
    const at::Tensor index = (z * double(box) + y) * double(box) + x;
    std::vector<at::Tensor> channels;
    for (int c = 0; c < 2; ++c)
      channels.push_back(at::sin(0.5 * z + 0.9 * c) + at::cos(0.4 * y) * at::sin(0.3 * x + 1.0) +
                         0.2 * at::sin(2.1 * index));
    image = at::stack(channels).to(at::kFloat).contiguous();
    labels = (at::floor(z / 4) + at::floor(y / 5) + at::floor(x / 3)).remainder(3).to(at::kByte).contiguous();
  }
};

std::array<double, measures> measure(const at::Tensor& out, const at::Tensor& labels, const at::Tensor& before) {
  const at::Tensor values = out.to(at::kDouble), change = (out - before).to(at::kDouble);
  const auto number = [](const at::Tensor& tensor) { return tensor.item<double>(); };
  return {number(values.mean()),
          number(values.std(/*unbiased=*/false)),
          number(values.min()),
          number(values.max()),
          number(change.abs().mean()),
          number(change.square().mean().sqrt()),
          number(labels.eq(1).to(at::kDouble).mean()),
          number(change.ne(0).to(at::kDouble).mean())};
}

/// What our step does, alone and on every sample.
PeerStep our_step(AugmentationOptions options, const std::string& name) {
  static const Source source;
  for (const auto& [step, probability] : step_probabilities(options)) *probability = step == name ? 1 : 0;
  if (name == "mirror") options.mirror.probability = 0.5;  // of each axis
  const Augmenter augmenter(options, {edge, edge, edge});
  EXPECT_EQ(augmenter.source_patch_size(), (Index3{box, box, box}));
  const SourcePatch from{source.image.const_data_ptr<float>(),
                         source.labels.const_data_ptr<uint8_t>(),
                         2,
                         {box, box, box},
                         {0, 0, 0},
                         {box, box, box}};
  const int64_t first = box / 2 - edge / 2;
  at::Tensor before = source.image;
  for (int64_t axis = 1; axis <= 3; ++axis) before = before.narrow(axis, first, edge);
  const at::Tensor out = at::empty({2, edge, edge, edge}), labels = at::empty({edge, edge, edge}, at::kByte);
  AugmentationScratch scratch;
  PeerStep ours;
  ours.draws = draws_made;
  std::array<double, measures> squares{};
  for (int64_t i = 0; i < draws_made; ++i) {
    runtime::Philox random(11, runtime::purpose_augmentation, uint64_t(i));
    augmenter.apply(from, random, out.mutable_data_ptr<float>(), labels.mutable_data_ptr<uint8_t>(), scratch);
    const auto found = measure(out, labels, before);
    for (size_t k = 0; k < measures; ++k) {
      ours.mean[k] += found[k] / double(draws_made);
      squares[k] += found[k] * found[k] / double(draws_made);
    }
  }
  for (size_t k = 0; k < measures; ++k)
    ours.deviation[k] = std::sqrt(std::max(0.0, squares[k] - ours.mean[k] * ours.mean[k]));
  return ours;
}

class AgainstBatchgenerators : public ::testing::TestWithParam<PeerStep> {};

TEST_P(AgainstBatchgenerators, EachStepHasItsFrequencyAndMovesTheImageAsMuch) {
  static constexpr std::array<const char*, measures> names{
      "mean", "deviation", "smallest", "largest", "change", "root mean square change", "label 1", "voxels changed"};
  const PeerStep& theirs = GetParam();
  AugmentationOptions options = configured(theirs.transforms);
  for (const auto& [name, probability] : step_probabilities(options))
    if (name == theirs.name) {
      EXPECT_NEAR(*probability, theirs.probability, 1e-6);
    }
  const PeerStep ours = our_step(options, theirs.name);
  for (size_t k = 0; k < measures; ++k) {
    // Five standard errors of the difference of two means. Rare draws make some spreads: the peer's own differ by a
    // quarter from seed to seed.
    const double error = std::sqrt(std::pow(ours.deviation[k], 2) / double(ours.draws) +
                                   std::pow(theirs.deviation[k], 2) / double(theirs.draws));
    EXPECT_NEAR(ours.mean[k], theirs.mean[k], 5 * error + 1e-3) << names[k];
    EXPECT_NEAR(ours.deviation[k], theirs.deviation[k], 0.3 * theirs.deviation[k] + 1e-3) << names[k];
  }
}

INSTANTIATE_TEST_SUITE_P(Steps, AgainstBatchgenerators, ::testing::ValuesIn(peer_steps()),
                         [](const auto& step) { return step.param.transforms + "_" + step.param.name; });

TEST(Configured, EveryStepOfNnUnetIsOnAndNoOther) {
  std::map<std::string, std::map<std::string, double>> peers;
  for (const PeerStep& step : peer_steps()) peers[step.transforms][step.name] = step.probability;
  ASSERT_EQ(peers.size(), 2u);  // "nnunet" and "nnunet_da5"
  for (auto& [transforms, steps] : peers) {
    // In a cascade alone, for which nnU-Net adds them to both (nnUNetTrainer.get_training_transforms, is_cascaded).
    steps["previous_morphology"] = 0.4;
    steps["previous_removal"] = 0.2;
  }
  for (const auto& [transforms, steps] : peers) {
    AugmentationOptions options = configured(transforms);
    for (const auto& [name, probability] : step_probabilities(options))
      EXPECT_NEAR(*probability, steps.count(name) ? steps.at(name) : 0, 1e-6) << transforms << ' ' << name;
  }
}

TEST(Configured, StrongStepsInventNoLabels) {
  const Augmenter augmenter(configured("nnunet_da5"), {edge, edge, edge});
  Source source;
  source.labels = source.labels.mul(100).to(at::kByte);  // 0, 100, 200: 50 and 150 would be averages
  const SourcePatch from{source.image.const_data_ptr<float>(),
                         source.labels.const_data_ptr<uint8_t>(),
                         2,
                         {box, box, box},
                         {-2, 1, 0},
                         {box, box, box}};
  const at::Tensor out = at::empty({2, edge, edge, edge}), labels = at::empty({edge, edge, edge}, at::kByte);
  AugmentationScratch scratch;
  for (uint64_t i = 0; i < 200; ++i) {
    runtime::Philox random(1, runtime::purpose_augmentation, i);
    augmenter.apply(from, random, out.mutable_data_ptr<float>(), labels.mutable_data_ptr<uint8_t>(), scratch);
    EXPECT_TRUE(labels.remainder(100).eq(0).all().item<bool>());
    EXPECT_TRUE(at::isfinite(out).all().item<bool>());
  }
}

}  // namespace
}  // namespace medvol::datasets
