#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include <gtest/gtest.h>
#include <torch/types.h>

#include "losses/composite/deep_supervision.h"
#include "losses/segmentation/register.h"
#include "networks/segmentation/register.h"
#include "trainers/schedule/optimizers.h"
#include "trainers/session/task.h"

/// A task's surroundings in memory: a plan of 8×8×8 patches of one channel and three classes, a small U-Net, cases
/// whose image follows their labels.
namespace medvol::tests {

inline plan::Plan tiny_plan(int64_t dimensions = 3) {
  const auto axes = static_cast<size_t>(dimensions);
  plan::Plan plan;
  plan.channel_names = {"MR"};
  plan.labels = {{1, "one"}, {2, "two"}};
  plan.dimensions = dimensions;
  plan.spacing = {1, 1, 1};
  plan.patch_size.assign(axes, 8);
  plan.batch_size = 2;
  plan.normalization = {plan::Normalization::zscore};
  plan.normalize_inside_mask = {false};
  plan.intensities = {{.mean = 100,
                       .median = 100,
                       .standard_deviation = 10,
                       .minimum = 50,
                       .maximum = 150,
                       .percentile_00_5 = 80,
                       .percentile_99_5 = 120}};
  plan.topology.features_per_stage = {4, 8};
  plan.topology.kernel_sizes.assign(2, std::vector<int64_t>(axes, 3));
  plan.topology.strides = {std::vector<int64_t>(axes, 1), std::vector<int64_t>(axes, 2)};
  plan.topology.convolutions_per_stage_encoder = {1, 1};
  plan.topology.convolutions_per_stage_decoder = {1};
  return plan;
}

inline networks::TaskShape tiny_shape(const plan::Plan& plan) {
  return {.dimensions = plan.dimensions,
          .in_channels = 1,
          .out_channels = plan.class_count(),
          .deep_supervision = true,
          .features_per_stage = plan.topology.features_per_stage,
          .kernel_sizes = plan.topology.kernel_sizes,
          .strides = plan.topology.strides,
          .convolutions_per_stage_encoder = plan.topology.convolutions_per_stage_encoder,
          .convolutions_per_stage_decoder = plan.topology.convolutions_per_stage_decoder,
          .patch_size = plan.patch_size,
          .upsampling = {}};
}

inline runtime::ExecutionContext cpu_context(uint64_t seed = 3) {
  return runtime::ExecutionContext::resolve(
      {.device = "cpu", .precision = runtime::Precision::float32, .compute_threads = 1}, seed);
}

/// [N, D, H, W] uint8 blocks of labels 0 to 2, and the image that follows them: label + noise. A function of `index`.
inline std::pair<torch::Tensor, torch::Tensor> tiny_images(int64_t count, std::vector<int64_t> size, uint64_t index) {
  const auto random = cpu_context().generator(runtime::purpose_phantom, index);
  size.insert(size.begin(), count);
  torch::Tensor labels = torch::zeros(size, torch::kUInt8);
  labels.narrow(1, size[1] / 4, size[1] - size[1] / 2).narrow(2, 1, 4).fill_(1);
  labels.narrow(3, static_cast<int64_t>(index % 3) + 2, 2).narrow(2, 3, 4).fill_(2);
  return {labels.to(torch::kFloat32).unsqueeze(1) - 1 + 0.2 * torch::randn(labels.unsqueeze(1).sizes(), random),
          labels};
}

/// Batches that are a function of their index.
class TinyBatches : public datasets::BatchSource {
 public:
  explicit TinyBatches(int64_t dimensions) : dimensions_(dimensions) {}
  datasets::Batch next() override {
    auto [images, labels] = tiny_images(2, {dimensions_ == 2 ? 1 : 8, 8, 8}, static_cast<uint64_t>(next_));
    datasets::Batch batch;
    batch.images = images;
    batch.labels = labels;
    batch.index = next_++;
    return batch;
  }
  int64_t state() const override { return next_; }
  void load(int64_t next_batch) override { next_ = next_batch; }

 private:
  int64_t dimensions_;
  int64_t next_ = 0;
};

/// Two cases of 10×12×9 voxels.
inline trainers::WholeCases tiny_cases(uint64_t first) {
  return {2, [first](int64_t index) {
            auto [images, labels] = tiny_images(1, {10, 12, 9}, first + static_cast<uint64_t>(index));
            imaging::Geometry geometry;
            geometry.size = {9, 12, 10};
            return trainers::WholeCase{"case", images[0].to(torch::kHalf), labels[0],
                                       [labels = labels[0]] { return labels.to(torch::kInt32); },
                                       imaging::GridTransform::start(geometry)};
          }};
}

/// The surroundings; what is built from them must not outlive this.
struct TinyTraining {
  explicit TinyTraining(int64_t dimensions = 3, uint64_t seed = 3)
      : plan(tiny_plan(dimensions)), execution(cpu_context(seed)) {
    execution.activate();
    networks::register_segmentation(networks);
    losses::register_segmentation(losses);
  }

  trainers::TaskContext context() {
    const auto adam = [] { return std::make_unique<trainers::AdamW>(trainers::AdamWOptions{.learning_rate = 0.01}); };
    return {.plan = plan,
            .context = execution,
            .shape = tiny_shape(plan),
            .network =
                [this](const networks::TaskShape& shape) {
                  auto network = networks::NetworkChoice(networks, "unet").build(shape);
                  network->initialize(execution.generator(runtime::purpose_weights));
                  return network;
                },
            .discriminator = discriminator,
            .objective = [this](const networks::Network& network) { return objective(network); },
            .image_loss = image_loss,
            .adversarial_loss = adversarial_loss,
            .optimizer = adam,
            .discriminator_optimizer = adam,
            .patches = [this] { return std::make_unique<TinyBatches>(plan.dimensions); },
            .training = tiny_cases(0),
            .held_out = tiny_cases(100),
            .segmenter = {},
            .inference = {},
            .policy = metrics::policy_by_name("nnunet"),
            .samples = samples};
  }

  trainers::Objective objective(const networks::Network& network) const {
    const auto loss = std::make_shared<losses::DeepSupervision>(losses::LossChoice(losses, "dice_ce").build({}),
                                                                network.head_strides(), plan.ignore_label);
    return [loss](const auto& heads, const torch::Tensor& labels) { return (*loss)(heads, labels); };
  }

  plan::Plan plan;
  runtime::ExecutionContext execution;
  std::filesystem::path samples;
  std::function<std::shared_ptr<networks::Discriminator>(const networks::DiscriminatorShape&)> discriminator;
  std::function<std::unique_ptr<losses::ImageLoss>(const losses::ImageLossContext&)> image_loss;
  std::function<std::unique_ptr<losses::AdversarialLoss>()> adversarial_loss;
  networks::NetworkRegistry networks{"network"};
  losses::LossRegistry losses{"loss"};
};

/// `count` steps of a task, from where its source stands; `first` of `all` are done.
inline trainers::StepResult train(trainers::Task& task, int64_t first, int64_t count, int64_t all) {
  trainers::StepResult result;
  for (int64_t i = first; i < first + count; ++i) {
    task.step().begin({static_cast<double>(i) / static_cast<double>(all), 1});
    for (int64_t batch = 0; batch < task.step().batches_per_step(); ++batch) {
      const datasets::Batch next = task.source().next();
      task.step().accumulate({next.images, next.labels, next.index});
    }
    result = task.step().finish();
  }
  return result;
}

/// A copy: the state's tensors are views.
inline trainers::NamedTensors copy_of(const trainers::NamedTensors& state) {
  trainers::NamedTensors copy;
  for (const auto& [name, tensor] : state) copy.emplace(name, tensor.clone());
  return copy;
}

inline void expect_same_bits(const trainers::NamedTensors& a, const trainers::NamedTensors& b) {
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [name, tensor] : a) {
    ASSERT_TRUE(b.contains(name)) << name;
    EXPECT_TRUE(tensor.equal(b.at(name))) << name;
  }
}

/// Trains six steps at once, and three, a new task with that state, three more: the same bits.
template <class Build>
void expect_exact_resume(const Build& build) {
  const auto whole = build(), begun = build(), resumed = build();
  train(*whole, 0, 6, 6);
  train(*begun, 0, 3, 6);
  resumed->step().load(copy_of(begun->step().state()));
  resumed->source().load(begun->source().state());
  train(*resumed, 3, 3, 6);
  expect_same_bits(whole->step().state(), resumed->step().state());
}

}  // namespace medvol::tests
