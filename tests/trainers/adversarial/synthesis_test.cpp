#include <gtest/gtest.h>

#include "framework/core/error.h"
#include "losses/adversarial/register.h"
#include "networks/adversarial/register.h"
#include "tests/support/support.h"
#include "tests/trainers/support/tiny_critic.h"
#include "tests/trainers/support/tiny_training.h"
#include "trainers/adversarial/label_maps.h"
#include "trainers/adversarial/register.h"
#include "trainers/adversarial/synthesis_task.h"

namespace medvol::trainers {
namespace {

class L1 : public losses::ImageLoss {
 public:
  torch::Tensor operator()(const torch::Tensor& prediction, const torch::Tensor& target,
                           const torch::Tensor&) const override {
    return (prediction - target).abs().mean();
  }
};

struct Around : tests::TinyTraining {
  explicit Around(int64_t dimensions = 3) : TinyTraining(dimensions) {
    losses::register_adversarial_losses(games);
    discriminator = [this](const networks::DiscriminatorShape& shape) {
      asked = shape;
      auto critic = std::make_shared<tests::TinyCritic>(shape, true);
      critic->initialize(execution.generator(runtime::purpose_weights, 1));
      return critic;
    };
    adversarial_loss = [this] { return losses::AdversarialLossChoice(games, "hinge").build(); };
    image_loss = [this](const losses::ImageLossContext& context) {
      data_range = context.data_range;
      return std::make_unique<L1>();
    };
  }
  losses::AdversarialLossRegistry games{"adversarial loss"};
  networks::DiscriminatorShape asked;
  double data_range = 0;
};

SynthesisOptions options() {
  SynthesisOptions options;
  options.adversary.weight = 0.01;
  options.adversary.begins = 0;
  options.adversary.feature_matching = 0.1;
  return options;
}

/// Paints class k as k, plus a hundredth of the noise.
Synthesiser painter(const tests::TinyTraining& around) {
  const auto paint = [](const torch::Tensor& x) {
    torch::Tensor sum = 0.01 * x.narrow(1, 3, 1);
    for (int64_t label = 1; label < 3; ++label) sum = sum + static_cast<double>(label) * x.narrow(1, label, 1);
    return sum;
  };
  networks::TaskShape shape = tests::tiny_shape(around.plan);
  shape.in_channels = 4;
  shape.out_channels = 1;
  shape.noise_channels = 1;
  return Synthesiser(paint, shape, around.plan, {}, around.execution);
}

TEST(Synthesis, IsBuiltByItsName) {
  TaskRegistry registry("trainer");
  register_adversarial(registry);
  Around around;
  const auto task = TaskChoice(registry, "synthesis").build(around.context());
  EXPECT_EQ(task->network_shape().in_channels, 3 + 1);
  EXPECT_EQ(task->network_shape().out_channels, 1);
  EXPECT_EQ(around.asked.in_channels, 3 + 1);
  EXPECT_NEAR(around.data_range, 4, 1e-12);  // (120 − 80) / 10
  EXPECT_EQ(task->hooks().size(), 1u);
}

TEST(Synthesis, InputIsOneHotMapsAndNoise) {
  const torch::Tensor labels = torch::tensor({0, 1, 2, 7}).view({1, 2, 2});
  const torch::Tensor input = synthesis_input(labels, 3, 2, tests::cpu_context().generator(runtime::purpose_synthesis));
  EXPECT_EQ(input.sizes(), (torch::IntArrayRef{1, 5, 2, 2}));
  EXPECT_TRUE(input.narrow(1, 0, 3).equal(class_maps(labels, 3)));
  EXPECT_TRUE(class_maps(labels, 3)[0].flatten(1).equal(
      torch::tensor({1.0f, 0.0f, 0.0f, 0.0f, 0.0f, 1.0f, 0.0f, 0.0f, 0.0f, 0.0f, 1.0f, 0.0f}).view({3, 4})));
  EXPECT_GT(input.narrow(1, 3, 2).std().item<double>(), 0.1);
}

TEST(Synthesis, RepeatsAndResumesBitForBit) {
  for (const int64_t dimensions : {2, 3}) {
    Around around(dimensions);
    tests::expect_exact_resume([&] { return std::make_unique<SynthesisTask>(options(), around.context()); });
  }
}

TEST(Synthesis, TheRegisteredGeneratorsPaint) {
  Around around;
  networks::register_generators(around.networks);
  for (const std::string name : {"spade", "pix2pix"}) {
    TaskContext context = around.context();
    context.network = [&](const networks::TaskShape& shape) {
      auto network = networks::NetworkChoice(around.networks, name).build(shape);
      network->initialize(around.execution.generator(runtime::purpose_weights));
      return network;
    };
    SynthesisTask task(options(), context);
    EXPECT_TRUE(std::isfinite(tests::train(task, 0, 1, 1).loss)) << name;
    const EvaluationScope evaluation(task.step());
    EXPECT_TRUE(std::isfinite(task.evaluator().validate({}).score)) << name;
  }
}

TEST(Synthesis, LearnsToPaintAndDrawsASampleAtEachValidation) {
  const tests::TemporaryFolder folder;
  Around around;
  around.samples = folder / "samples";
  SynthesisTask task(options(), around.context());
  const double before = tests::train(task, 0, 1, 60).terms.at("supervised");
  EXPECT_LT(tests::train(task, 1, 59, 60).terms.at("supervised"), 0.7 * before);
  const EvaluationScope evaluation(task.step());
  const ValidationResult result = task.evaluator().validate({});
  EXPECT_EQ(result.measure, "psnr");
  EXPECT_GT(result.score, 8);
  EXPECT_GT(result.record.at("data_range").get<double>(), 1);
  Progress progress;
  progress.step = 60;
  for (Hook* hook : task.hooks()) hook->validated(progress, result);
  EXPECT_EQ(tests::read_file(folder / "samples/step_00000060.png").substr(1, 3), "PNG");
}

TEST(Synthesis, ThePictureShowsMapMadeAndRealSideBySide) {
  torch::Tensor labels = torch::zeros({3, 100, 50}, torch::kUInt8), real = torch::zeros({1, 3, 100, 50});
  labels[1].fill_(1);
  real[0][1].narrow(0, 50, 50).fill_(1);
  const torch::Tensor picture = synthesis_picture(labels, real * 0.5, real);
  EXPECT_EQ(picture.sizes(), (torch::IntArrayRef{100, 158, 3}));
  EXPECT_EQ(picture[99][54 + 25][0].item<int>(), 127);
  EXPECT_EQ(picture[99][108 + 25][0].item<int>(), 255);
  EXPECT_EQ(picture[0][108 + 25][0].item<int>(), 0);
  EXPECT_NE(picture[0][0][0].item<int>(), picture[0][0][1].item<int>());
}

TEST(Synthesiser, PaintsWholeMapsWithOneNoiseFieldAndEachIndexAnother) {
  for (const int64_t dimensions : {2, 3}) {
    const tests::TinyTraining around(dimensions);
    const Synthesiser synthesiser = painter(around);
    const torch::Tensor labels = tests::tiny_images(1, {10, 12, 9}, 0).second[0];
    const torch::Tensor made = synthesiser.image(labels, 5);
    ASSERT_EQ(made.sizes(), (torch::IntArrayRef{1, 10, 12, 9}));
    const torch::Tensor noise = made[0] - labels.to(torch::kFloat32);
    EXPECT_NEAR(noise.std().item<double>(), 0.01, 0.001);  // the mean of unequal windows would be less
    EXPECT_TRUE(made.equal(synthesiser.image(labels, 5)));
    EXPECT_FALSE(made.equal(synthesiser.image(labels, 6)));
  }
}

TEST(Synthesiser, PutsBackgroundAroundASmallMap) {
  const tests::TinyTraining around;
  const auto is_background = [](const torch::Tensor& x) {
    return x.narrow(1, 0, 1).amin({2, 3, 4}, true).expand_as(x.narrow(1, 0, 1)).clone();
  };
  networks::TaskShape shape = tests::tiny_shape(around.plan);
  shape.in_channels = 3;
  shape.out_channels = 1;
  const Synthesiser synthesiser(is_background, shape, around.plan, {}, around.execution);
  EXPECT_EQ(synthesiser.image(torch::zeros({5, 12, 3}, torch::kUInt8), 0).min().item<float>(), 1);
}

TEST(Synthesiser, MakesNewAnatomiesThatAreAFunctionOfTheIndex) {
  const tests::TinyTraining around;
  const Synthesiser synthesiser = painter(around);
  const torch::Tensor labels = tests::tiny_images(1, {10, 12, 9}, 0).second[0];
  const MadeCase first = synthesiser.make(labels, {}, 1), again = synthesiser.make(labels, {}, 1),
                 other = synthesiser.make(labels, {}, 2);
  EXPECT_TRUE(first.image.equal(again.image));
  EXPECT_TRUE(first.labels.equal(again.labels));
  EXPECT_FALSE(first.labels.equal(other.labels));
  EXPECT_FALSE(first.labels.equal(labels));
  EXPECT_LT((first.image[0] - first.labels.to(torch::kFloat32)).abs().max().item<float>(), 0.06);
}

TEST(Synthesiser, GivesIntensitiesOfFilesBack) {
  tests::TinyTraining around;
  EXPECT_EQ(painter(around).raw_intensities(torch::full({1, 2, 2, 2}, 1.5)).max().item<float>(), 115);
  around.plan.normalization = {plan::Normalization::rgb_to_0_1};
  EXPECT_EQ(painter(around).raw_intensities(torch::full({1, 2, 2, 2}, 1.5)).max().item<float>(), 255);
  around.plan.normalization = {plan::Normalization::rescale_to_0_1};
  EXPECT_EQ(painter(around).raw_intensities(torch::full({1, 2, 2, 2}, 0.5)).max().item<float>(), 100);
}

TEST(Synthesiser, RefusesANetworkThatIsNoGenerator) {
  const tests::TinyTraining around;
  EXPECT_THROW(Synthesiser({}, tests::tiny_shape(around.plan), around.plan, {}, around.execution), core::UserError);
}

}  // namespace
}  // namespace medvol::trainers
