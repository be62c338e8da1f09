#include "trainers/super_resolution/super_resolution_task.h"

#include <gtest/gtest.h>

#include <cmath>

#include "framework/core/error.h"
#include "tests/support/support.h"
#include "trainers/super_resolution/register.h"

namespace medvol::trainers {
namespace {

/// A convolution, and with factors an up-sampling behind it.
class SmallNetwork : public networks::Network {
 public:
  SmallNetwork(const networks::TaskShape& shape, bool enlarges) : shape_(shape), enlarges_(enlarges) {
    weight_ = register_parameter("weight", torch::full({1, 1, 3, 3, 3}, 1.0f / 27));
  }
  std::vector<torch::Tensor> forward(const torch::Tensor& x) override {
    const torch::Tensor y = torch::conv3d(x, weight_, {}, 1, 1);
    return {enlarges_ ? enlarged(y, shape_.upsampling) : y};
  }
  std::vector<int64_t> multiple_of() const override { return {1, 1, 1}; }
  std::vector<std::vector<int64_t>> head_strides() const override { return {{1, 1, 1}}; }
  std::vector<int64_t> upsampling() const override { return enlarges_ ? shape_.upsampling : std::vector<int64_t>{}; }
  void initialize(torch::Generator) override {}

 private:
  networks::TaskShape shape_;
  bool enlarges_;
  torch::Tensor weight_;
};

class SmallDiscriminator : public networks::Discriminator {
 public:
  SmallDiscriminator() {
    weight_ = register_parameter("weight", torch::arange(27, torch::kFloat32).sin().view({1, 1, 3, 3, 3}) / 9);
    mean_ = register_buffer("mean", torch::zeros({1}));
  }
  networks::Judgement forward(const torch::Tensor& x) override {
    if (is_training()) mean_.mul_(0.9).add_(0.1 * x.detach().mean());
    const torch::Tensor features = torch::conv3d(x - mean_, weight_, {}, 2, 1);
    return {{features}, {{features}}};
  }
  void initialize(torch::Generator) override {}

 private:
  torch::Tensor weight_, mean_;
};

class L1 : public losses::ImageLoss {
 public:
  torch::Tensor operator()(const torch::Tensor& prediction, const torch::Tensor& target,
                           const torch::Tensor&) const override {
    return (prediction.to(torch::kFloat32) - target).abs().mean();
  }
};

class LeastSquares : public losses::AdversarialLoss {
 public:
  torch::Tensor discriminator(const losses::CriticOutput& real, const losses::CriticOutput& fake) const override {
    return (real.logits[0] - 1).square().mean() + fake.logits[0].square().mean();
  }
  torch::Tensor generator(const losses::CriticOutput&, const losses::CriticOutput& fake) const override {
    return (fake.logits[0] - 1).square().mean();
  }
};

/// Descent with a memory.
class Momentum : public Optimizer {
 public:
  void step(torch::Tensor& parameters, torch::Tensor& gradient, double rate) override {
    if (!velocity_.defined()) velocity_ = torch::zeros_like(parameters);
    velocity_.mul_(0.9).add_(gradient);
    parameters.add_(velocity_, -rate);
  }
  double base_learning_rate() const override { return 0.05; }
  NamedTensors state() const override {
    return velocity_.defined() ? NamedTensors{{"velocity", velocity_}} : NamedTensors{};
  }
  void load(const NamedTensors& state) override {
    if (state.count("velocity")) velocity_ = state.at("velocity").clone();
  }

 private:
  torch::Tensor velocity_;
};

/// Smooth volumes, a function of the index, within ±1.5.
torch::Tensor volume(int64_t index, const std::vector<int64_t>& size) {
  const auto axis = [&](size_t which, double frequency) {
    std::vector<int64_t> shape{1, 1, 1, 1};
    shape[which + 1] = size[which];
    return (torch::arange(size[which], torch::kFloat32) * frequency).view(shape);
  };
  return (axis(0, 0.7) + double(index)).sin() * axis(1, 0.3).cos() + 0.5 * axis(2, 0.9).cos();
}

class Patches : public datasets::BatchSource {
 public:
  datasets::Batch next() override {
    datasets::Batch batch;
    batch.images = torch::stack({volume(next_, {8, 8, 8}), volume(next_ + 100, {8, 8, 8})});
    batch.labels = torch::zeros({2, 8, 8, 8}, torch::kUInt8);
    batch.index = next_++;
    return batch;
  }
  int64_t state() const override { return next_; }
  void load(int64_t next_batch) override { next_ = next_batch; }

 private:
  int64_t next_ = 0;
};

networks::TaskShape shape_of(const std::vector<int64_t>& patch_size, const std::vector<int64_t>& upsampling) {
  networks::TaskShape shape;
  shape.patch_size = patch_size;
  shape.upsampling = upsampling;
  return shape;
}

/// All that a task is put together from, of the smallest kind.
struct Bench {
  plan::Plan plan;
  runtime::ExecutionContext context = runtime::ExecutionContext::resolve(
      {.device = "cpu", .precision = runtime::Precision::float32, .compute_threads = 1}, 5);
  bool enlarges = true;
  tests::TemporaryFolder folder;

  Bench() {
    plan.dimensions = 3;
    plan.channel_names = {"MR"};
    plan.labels = {{1, "a"}, {2, "b"}};
    plan.patch_size = {8, 8, 8};
  }
  TaskContext parts() {
    const WholeCases cases{3, [](int64_t index) {
                             WholeCase one;
                             one.id = "case_" + std::to_string(index);
                             one.image = volume(index, {13, 15, 14}).to(torch::kFloat16);
                             one.labels = (one.image[0] > 0).to(torch::kUInt8);
                             return one;
                           }};
    return {
        .plan = plan,
        .context = context,
        .shape = shape_of(plan.patch_size, {}),
        .network = [this](const networks::TaskShape& shape) { return std::make_shared<SmallNetwork>(shape, enlarges); },
        .discriminator =
            [](const networks::DiscriminatorShape& shape) {
              EXPECT_EQ(shape.patch_size, (std::vector<int64_t>{8, 8, 8}));
              return std::make_shared<SmallDiscriminator>();
            },
        .objective = {},
        .image_loss =
            [](const losses::ImageLossContext& image) {
              EXPECT_NEAR(image.data_range, 3, 0.3);
              return std::make_unique<L1>();
            },
        .adversarial_loss = [] { return std::make_unique<LeastSquares>(); },
        .optimizer = [] { return std::make_unique<Momentum>(); },
        .discriminator_optimizer = [] { return std::make_unique<Momentum>(); },
        .patches = [] { return std::make_unique<Patches>(); },
        .training = cases,
        .held_out = cases,
        .segmenter = {},
        .inference = {},
        .policy = {},
        .samples = folder.path() / "samples"};
  }
};

SuperResolutionOptions options_of(double weight) {
  SuperResolutionOptions options;
  options.factors = {2, 1, 2};
  options.adversary.weight = weight;
  options.adversary.begins = 0.5;
  return options;
}

void train(SuperResolutionTask& task, int64_t first, int64_t last, int64_t steps) {
  for (int64_t i = first; i < last; ++i) {
    task.step().begin({.progress = double(i) / double(steps), .rate_factor = 1});
    for (int64_t b = 0; b < task.step().batches_per_step(); ++b) {
      const datasets::Batch batch = task.source().next();
      task.step().accumulate({batch.images, batch.labels, batch.index});
    }
    EXPECT_FALSE(task.step().finish().diverged);
  }
}

NamedTensors copied(const NamedTensors& state) {
  NamedTensors copy;
  for (const auto& [name, tensor] : state) copy.emplace(name, tensor.clone());
  return copy;
}

void expect_equal(const NamedTensors& a, const NamedTensors& b) {
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [name, tensor] : a) EXPECT_TRUE(tensor.equal(b.at(name))) << name;
}

TEST(SuperResolutionTask, TwoRunsAreEqualBitForBit) {
  for (const double weight : {0.0, 0.1}) {
    Bench bench;
    SuperResolutionTask first(options_of(weight), bench.parts()), second(options_of(weight), bench.parts());
    train(first, 0, 4, 4);
    train(second, 0, 4, 4);
    expect_equal(first.step().state(), second.step().state());
    EXPECT_EQ(first.step().state().count("discriminator/weights/weight"), weight > 0 ? 1u : 0u);
  }
}

TEST(SuperResolutionTask, AResumeAmidTheGameGoesOnBitForBit) {
  Bench bench;
  SuperResolutionTask through(options_of(0.1), bench.parts()), resumed(options_of(0.1), bench.parts());
  train(through, 0, 3, 4);  // the adversary has joined at step 2
  const NamedTensors saved = copied(through.step().state());
  const int64_t next = through.source().state();
  train(through, 3, 6, 6);
  resumed.step().load(saved);
  resumed.source().load(next);
  train(resumed, 3, 6, 6);
  expect_equal(through.step().state(), resumed.step().state());
  EXPECT_FALSE(saved.at("discriminator/weights/weight").equal(SmallDiscriminator().parameters()[0]));
}

TEST(SuperResolutionTask, ANetworkThatKeepsSizesSeesTheEnlargedImage) {
  Bench bench;
  bench.enlarges = false;
  SuperResolutionTask task(options_of(0.1), bench.parts());
  train(task, 0, 2, 2);
  EXPECT_EQ(task.network_shape().upsampling, (std::vector<int64_t>{2, 1, 2}));
  const EvaluationScope scope(task.step());
  EXPECT_TRUE(std::isfinite(task.evaluator().validate({}).score));
}

TEST(SuperResolutionTask, LearnsToSharpen) {
  Bench bench;
  SuperResolutionTask task(options_of(0), bench.parts());
  const auto score = [&] {
    const EvaluationScope scope(task.step());
    return task.evaluator().validate({});
  };
  const double before = score().score;
  train(task, 0, 100, 100);
  const ValidationResult after = score();
  EXPECT_GT(after.score, before + 1);  // dB
  EXPECT_EQ(after.measure, "psnr");
  EXPECT_GT(after.record.at("ssim").get<double>(), 0);
  EXPECT_TRUE(after.record.contains("psnr_linear"));
  EXPECT_DOUBLE_EQ(score().score, after.score);  // the same noise at every validation
}

TEST(SuperResolutionTask, PatchesMustBeMultiplesOfTheFactors) {
  Bench bench;
  SuperResolutionOptions options = options_of(0);
  options.factors = {3};
  try {
    SuperResolutionTask task(options, bench.parts());
    FAIL() << "a patch of 8 by a factor of 3";
  } catch (const core::UserError& error) {
    EXPECT_NE(std::string(error.what()).find("plan.patch_size"), std::string::npos);
  }
  options.factors = {2, 2};
  EXPECT_THROW(SuperResolutionTask(options, bench.parts()), core::UserError);
  options.factors = {1};
  EXPECT_THROW(SuperResolutionTask(options, bench.parts()), core::UserError);
}

TEST(SuperResolutionTask, IsRegistered) {
  TaskRegistry registry("trainer");
  register_super_resolution(registry);
  EXPECT_NE(registry.find("super_resolution"), nullptr);
}

TEST(CasePair, LosesWhatIsBeyondAMultipleAndRepeats) {
  const WholeCase one{.id = "a", .image = volume(0, {13, 15, 14}), .labels = {}, .reference = {}, .transform = {}};
  const Degradation degradation({}, {2, 1, 3}, {-1.5, 3});
  const CasePair pair = case_pair(one, degradation, 3);
  EXPECT_EQ(pair.high.sizes(), torch::IntArrayRef({1, 12, 15, 12}));
  EXPECT_EQ(pair.low.sizes(), torch::IntArrayRef({1, 6, 15, 4}));
  EXPECT_TRUE(pair.low.equal(case_pair(one, degradation, 3).low));
  EXPECT_FALSE(pair.low.equal(case_pair(one, degradation, 4).low));
  const CasePair slices = case_pair(one, Degradation({}, {2, 2}, {-1.5, 3}), 3);
  EXPECT_EQ(slices.low.sizes(), torch::IntArrayRef({1, 13, 7, 7}));
}

TEST(SuperResolutionEvaluation, EveryCaseByEveryMethod) {
  Bench bench;
  const TaskContext parts = bench.parts();
  const auto network = std::make_shared<SmallNetwork>(shape_of({4, 8, 4}, {2, 1, 2}), true);
  SuperResolutionOptions options = options_of(0);
  options.degradation.missing = 0;
  const SuperResolutionJudge judge = super_resolution_judge(options, parts, super_resolver(network, {2, 1, 2}));
  const std::vector<ImageQuality> rows = evaluate_super_resolution(judge, parts.held_out);
  ASSERT_EQ(rows.size(), 9u);
  EXPECT_EQ(rows[0].method, "network");
  EXPECT_EQ(rows[1].method, "linear");
  EXPECT_EQ(rows[2].method, "cubic_bspline");
  EXPECT_EQ(rows[3].case_id, "case_1");
  for (const ImageQuality& row : rows) {
    EXPECT_NEAR(row.data_range, 3, 0.4);
    EXPECT_LT(row.ssim, 1);
    EXPECT_GT(row.ms_ssim, row.method == "network" ? -1 : 0.5);
  }
  const CasePair pair = case_pair(parts.held_out.read(0), judge.degradation, judge.seed);
  const double error = (interpolated(pair, 1) - pair.high).square().mean().item<double>();
  EXPECT_NEAR(rows[1].psnr, 10 * std::log10(rows[1].data_range * rows[1].data_range / error), 1e-4);
}

TEST(SuperResolutionEvaluation, ASegmenterLooksAtEveryMethodAndAtBothEnds) {
  Bench bench;
  TaskContext parts = bench.parts();
  parts.segmenter = [](const torch::Tensor& image) { return (image[0] > 0).to(torch::kInt64); };
  SuperResolutionTask task(options_of(0), parts);
  const EvaluationScope scope(task.step());
  const Measurements measured = task.measure([](double) {});
  EXPECT_EQ(measured.methods,
            (std::vector<std::string>{"network", "linear", "cubic_bspline", "low_resolution", "reference"}));
  const auto mean = [&](const std::string& method, const std::string& measure) {
    double sum = 0;
    for (const Measurement& one : measured.values)
      if (one.method == method && one.measure == measure) sum += one.value / 3;
    return sum;
  };
  EXPECT_DOUBLE_EQ(mean("reference", "dice"), 1);
  EXPECT_TRUE(std::isnan(mean("reference", "psnr")));
  EXPECT_LT(mean("low_resolution", "dice"), 1);
  EXPECT_GT(mean("linear", "dice"), 0.5);
}

TEST(SamplePictures, StandSideBySide) {
  Bench bench;
  SuperResolutionTask task(options_of(0), bench.parts());
  ASSERT_EQ(task.hooks().size(), 1u);
  Progress progress;
  progress.step = 200;
  task.hooks()[0]->validated(progress, {});
  const auto file = bench.folder.path() / "samples" / "step_000200.png";
  ASSERT_TRUE(std::filesystem::exists(file));

  const CasePair pair{"a", torch::zeros({1, 4, 6, 5}), torch::ones({1, 8, 6, 10})};
  const torch::Tensor picture = comparison_picture(pair, pair.high, {2, 1, 2});
  EXPECT_EQ(picture.sizes(), torch::IntArrayRef({25 * 8, 25 * (4 * 10 + 3)}));
}

}  // namespace
}  // namespace medvol::trainers
