#include "trainers/adversarial/segmentation_gan_task.h"

#include <gtest/gtest.h>

#include "losses/adversarial/register.h"
#include "networks/adversarial/register.h"
#include "tests/trainers/support/tiny_critic.h"
#include "tests/trainers/support/tiny_training.h"
#include "trainers/adversarial/register.h"

namespace medvol::trainers {
namespace {

/// A tiny training with a critic that remembers what it was asked to fit.
struct Around : tests::TinyTraining {
  explicit Around(int64_t dimensions = 3, const std::string& loss = "least_squares") : TinyTraining(dimensions) {
    losses::register_adversarial_losses(games);
    discriminator = [this, loss](const networks::DiscriminatorShape& shape) {
      asked = shape;
      auto critic = std::make_shared<tests::TinyCritic>(shape, loss != "multiscale_l1");
      critic->initialize(execution.generator(runtime::purpose_weights, 1));
      return critic;
    };
    adversarial_loss = [this, loss] { return losses::AdversarialLossChoice(games, loss).build(); };
  }
  losses::AdversarialLossRegistry games{"adversarial loss"};
  networks::DiscriminatorShape asked;
};

SegmentationGanOptions options(double weight, Pairing pairing = Pairing::joined) {
  SegmentationGanOptions options;
  options.adversary.weight = weight;
  options.adversary.begins = 0;
  options.pairing = pairing;
  return options;
}

TEST(SegmentationGan, IsBuiltByItsName) {
  TaskRegistry registry("trainer");
  register_adversarial(registry);
  Around around;
  const auto task = TaskChoice(registry, "adversarial_segmentation").build(around.context());
  EXPECT_EQ(task->network_shape().out_channels, 3);
  EXPECT_TRUE(task->hooks().empty());
}

TEST(SegmentationGan, WithoutWeightItIsTheSegmentationTrainingBitForBit) {
  Around around;
  SegmentationTask plain(SegmentationOptions{}, around.context());
  SegmentationGanTask alone(options(0), around.context());
  tests::train(plain, 0, 3, 3);
  tests::train(alone, 0, 3, 3);
  const NamedTensors expected = plain.step().state(), found = alone.step().state();
  for (const auto& [name, tensor] : expected) EXPECT_TRUE(tensor.equal(found.at(name))) << name;
  EXPECT_GT(expected.size(), 10u);
  SegmentationGanTask with(options(1), around.context());
  tests::train(with, 0, 3, 3);
  const std::string name = with.step().prediction_weights().begin()->first;
  EXPECT_FALSE(with.step().prediction_weights().at(name).equal(plain.step().prediction_weights().at(name)));
}

TEST(SegmentationGan, TheDiscriminatorFitsThePairingAndThePlan) {
  for (const int64_t dimensions : {2, 3}) {
    Around around(dimensions);
    SegmentationGanTask joined(options(1, Pairing::joined), around.context());
    EXPECT_EQ(around.asked.in_channels, 1 + 3);
    SegmentationGanTask masked(options(1, Pairing::masked), around.context());
    EXPECT_EQ(around.asked.in_channels, 1 * 2);
    EXPECT_EQ(around.asked.dimensions, dimensions);
    EXPECT_EQ(around.asked.patch_size, around.plan.patch_size);
  }
}

TEST(SegmentationGan, MaskedPairingIsTheImageTimesEachForegroundMap) {
  const torch::Tensor image = torch::rand({2, 2, 4, 4, 4}), maps = torch::rand({2, 3, 4, 4, 4});
  const torch::Tensor masked = pair_with_image(image, maps, Pairing::masked);
  ASSERT_EQ(masked.size(1), paired_channels(2, 3, Pairing::masked));
  for (int64_t channel = 0; channel < 2; ++channel)
    for (int64_t label = 1; label < 3; ++label)
      EXPECT_TRUE(masked.select(1, channel * 2 + label - 1).equal(image.select(1, channel) * maps.select(1, label)));
  EXPECT_TRUE(pair_with_image(image, maps, Pairing::joined).equal(torch::cat({image, maps}, 1)));
}

TEST(SegmentationGan, ReferenceMapsAreSmoothedAndEmptyWhereIgnored) {
  const torch::Tensor labels = torch::tensor({0, 2, 3}).view({1, 1, 3});  // 3 is ignored
  const torch::Tensor maps = reference_maps(labels, 3, 0.3).squeeze(0).squeeze(1);
  EXPECT_TRUE(
      torch::allclose(maps, torch::tensor({0.8f, 0.1f, 0.0f, 0.1f, 0.1f, 0.0f, 0.1f, 0.8f, 0.0f}).view({3, 3})));
  EXPECT_TRUE(reference_maps(labels, 3, 0).sum(1).flatten().equal(torch::tensor({1.0f, 1.0f, 0.0f})));
}

TEST(SegmentationGan, IgnoredVoxelsLookTheSameToTheDiscriminator) {
  Around around;
  around.plan.ignore_label = 3;
  SegmentationGanTask task(options(1, Pairing::masked), around.context());
  task.step().begin({0.5, 1});
  task.step().accumulate({torch::rand({2, 1, 8, 8, 8}), torch::full({2, 8, 8, 8}, 3, torch::kUInt8), 0});
  EXPECT_EQ(task.step().finish().terms.at("spread"), 0);
}

TEST(SegmentationGan, BothPairingsLearnAndResumeBitForBit) {
  for (const int64_t dimensions : {2, 3}) {
    Around joined(dimensions), masked(dimensions, "multiscale_l1");
    tests::expect_exact_resume([&] { return std::make_unique<SegmentationGanTask>(options(0.1), joined.context()); });
    tests::expect_exact_resume(
        [&] { return std::make_unique<SegmentationGanTask>(options(0.1, Pairing::masked), masked.context()); });
  }
}

// Spectral normalisation moves its vectors at every pass, and the penalties go through it twice.
TEST(SegmentationGan, TheRegisteredDiscriminatorsPlayAndResumeBitForBit) {
  networks::DiscriminatorRegistry critics("discriminator");
  networks::register_discriminators(critics);
  for (const std::string name : {"patchgan", "multiscale", "segan"}) {
    Around around(3, name == "segan" ? "multiscale_l1" : "hinge");
    around.discriminator = [&](const networks::DiscriminatorShape& shape) {
      config::Node node = config::Node::map();
      node.set("name", config::Node::scalar(name));
      node.set("features", config::Node::scalar("4"));
      networks::DiscriminatorChoice choice(critics);
      config::Diagnostics found;
      choice.bind(node, "discriminator", found);
      found.throw_if_any();
      auto critic = choice.build(shape);
      critic->initialize(around.execution.generator(runtime::purpose_weights, 1));
      return critic;
    };
    SegmentationGanOptions chosen = options(0.1, name == "segan" ? Pairing::masked : Pairing::joined);
    chosen.adversary.feature_matching = 1;
    if (name != "segan") chosen.adversary.r1 = chosen.adversary.gradient_penalty = 1;
    tests::expect_exact_resume([&] { return std::make_unique<SegmentationGanTask>(chosen, around.context()); });
  }
}

TEST(SegmentationGan, IsValidatedAsASegmenter) {
  Around around;
  SegmentationGanTask task(options(0.01), around.context());
  const double before = tests::train(task, 0, 1, 60).terms.at("supervised");
  EXPECT_LT(tests::train(task, 1, 59, 60).terms.at("supervised"), before);
  const EvaluationScope evaluation(task.step());
  const ValidationResult result = task.evaluator().validate({});
  EXPECT_EQ(result.measure, "mean_dice");
  EXPECT_GT(result.score, 0.5);
}

}  // namespace
}  // namespace medvol::trainers
