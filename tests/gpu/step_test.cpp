#include <ATen/Context.h>
#include <gtest/gtest.h>

#include "framework/parallel/group.h"
#include "tests/framework/parallel/ranks.h"
#include "tests/support/gpu.h"
#include "tests/trainers/support/tiny_training.h"
#include "trainers/inference/sliding_window.h"
#include "trainers/step/training_step.h"

namespace medvol::trainers {
namespace {

runtime::ExecutionContext context_on(const std::string& device) {
  return runtime::ExecutionContext::resolve(
      {.device = device, .precision = runtime::Precision::float32, .compute_threads = 1}, 3);
}

/// Losses of some steps on a device.
std::vector<double> losses_of(const std::string& device, std::shared_ptr<parallel::Group> group = parallel::alone()) {
  tests::TinyTraining around;
  around.execution = context_on(device);
  const std::shared_ptr<networks::Network> network = around.context().network(tests::tiny_shape(around.plan));
  TrainingStep step(network, 3, around.objective(*network),
                    std::make_unique<Sgd>(SgdOptions{.learning_rate = 0.05, .momentum = 0.9}), around.execution,
                    {.ema_decay = 0.9}, {}, std::move(group));
  std::vector<double> losses;
  for (int64_t i = 0; i < 6; ++i) {
    const auto [images, labels] = tests::tiny_images(4, {8, 8, 8}, static_cast<uint64_t>(i));
    step.begin({0, 1});
    step.accumulate({images, labels, i});
    losses.push_back(step.finish().loss);
  }
  return losses;
}

TEST(OnGpu, AStepFollowsTheProcessor) {
  MEDVOL_NEEDS_GPU();
  at::globalContext().setAllowTF32CuDNN(false);
  const std::vector<double> cpu = losses_of("cpu"), gpu = losses_of("cuda:0");
  for (size_t i = 0; i < cpu.size(); ++i) EXPECT_NEAR(gpu[i], cpu[i], 1e-3) << "step " << i;
}

/// A group of one that says two, so that a step sends its gradients.
class SaysTwo : public parallel::Group {
 public:
  explicit SaysTwo(std::shared_ptr<parallel::Group> one) : one_(std::move(one)) {}
  int64_t rank() const override { return 0; }
  int64_t size() const override { return 2; }
  std::unique_ptr<parallel::Pending> start_sum(const at::Tensor& tensor) override {
    cuda_bytes += tensor.is_cuda() ? tensor.nbytes() : 0;
    return one_->start_sum(tensor);
  }
  std::unique_ptr<parallel::Pending> start_broadcast(const at::Tensor& tensor, int64_t from) override {
    return one_->start_broadcast(tensor, from);
  }
  std::vector<std::string> gather(const std::string& text) override { return one_->gather(text); }
  void tell_failure(const std::string& what) override { one_->tell_failure(what); }
  void finish() override { one_->finish(); }

  size_t cuda_bytes = 0;

 private:
  std::shared_ptr<parallel::Group> one_;
};

TEST(OnGpu, OneRankTrainsThroughNccl) {
  MEDVOL_NEEDS_GPU();
  at::globalContext().setAllowTF32CuDNN(false);
  const std::shared_ptr<parallel::Group> one =
      parallel::meet({.master_address = "127.0.0.1", .master_port = tests::meeting_port()});
  const auto group = std::make_shared<SaysTwo>(one);
  const std::vector<double> alone = losses_of("cuda:0"), sent = losses_of("cuda:0", group);
  EXPECT_GT(group->cuda_bytes, 0u);
  for (size_t i = 0; i < alone.size(); ++i) EXPECT_NEAR(sent[i], alone[i], 1e-4) << "step " << i;
  // The CPU's tensors take the other way.
  const at::Tensor on_cpu = at::ones({3});
  one->sum(on_cpu);
  EXPECT_TRUE(at::equal(on_cpu, at::ones({3})));
  EXPECT_EQ(one->gather("x"), std::vector<std::string>{"x"});
  one->finish();
}

TEST(OnGpu, WindowsAreTheProcessors) {
  MEDVOL_NEEDS_GPU();
  at::globalContext().setAllowTF32CuDNN(false);
  const torch::Tensor image = std::get<0>(tests::tiny_images(1, {12, 10, 9}, 5))[0];
  const auto predicted = [&](const std::string& device) {
    const tests::TinyTraining around;
    const runtime::ExecutionContext context = context_on(device);
    const auto network = networks::NetworkChoice(around.networks, "unet").build(tests::tiny_shape(around.plan));
    network->initialize(context.generator(runtime::purpose_weights));
    network->to(context.device);
    network->eval();
    const SlidingWindow window([&](const torch::Tensor& x) { return network->forward(x).front(); }, {8, 8, 8}, 3, {},
                               context);
    torch::Tensor all = torch::zeros({3, 12, 10, 9});
    window.predict(
        image, [&](int64_t begin, const torch::Tensor& logits) { all.narrow(1, begin, logits.size(1)).copy_(logits); });
    return all;
  };
  const torch::Tensor cpu = predicted("cpu"), gpu = predicted("cuda:0");
  EXPECT_LE((gpu - cpu).abs().max().item<float>(), 1e-3 * cpu.abs().max().item<float>());
}

}  // namespace
}  // namespace medvol::trainers
