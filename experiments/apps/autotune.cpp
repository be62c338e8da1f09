#include "experiments/apps/autotune.h"

#include <ATen/ops/randn.h>

#include <algorithm>
#include <limits>

#include "experiments/apps/configuration.h"
#include "experiments/apps/task_shape.h"
#include "framework/core/logging.h"
#include "framework/runtime/stopwatch.h"

namespace medvol::apps {
namespace {

/// Passes that are measured after the one that makes the kernels, and seconds after which no other is begun.
constexpr int passes = 3;
constexpr double patience_s = 10;

template <class Choice>
std::vector<Choice> candidates(Choice wanted) {
  if (wanted != Choice::automatic) return {wanted};
  std::vector<Choice> all;
  for (const auto& [name, choice] : enum_names(Choice{}))
    if (choice != Choice::automatic) all.push_back(choice);
  return all;
}

/// Seconds of the fastest forward and backward pass; the loss costs every choice the same, and is left out.
double seconds_of_a_pass(const ExperimentOptions& options, const runtime::HardwareOptions& hardware,
                         const plan::Plan& plan, int64_t batch) {
  const auto context = runtime::ExecutionContext::resolve(hardware, static_cast<uint64_t>(options.seed));
  const networks::TaskShape shape = task_shape(plan);
  const std::shared_ptr<networks::Network> network = options.network.build(shape);
  network->initialize(context.generator(runtime::purpose_weights));
  network->to(context.device);
  network->train();
  std::vector<int64_t> size{batch, shape.in_channels};
  size.insert(size.end(), shape.patch_size.begin(), shape.patch_size.end());
  const torch::Tensor images =
      context.laid_out(at::randn(size, context.generator(runtime::purpose_sampling)).to(context.device));
  double fastest = std::numeric_limits<double>::infinity();
  const runtime::Stopwatch all;
  for (int pass = 0; pass <= passes && (pass < 2 || all.seconds() < patience_s); ++pass) {
    const runtime::Stopwatch watch;
    torch::Tensor sum;
    {
      const runtime::AutocastGuard autocast(context);
      for (const torch::Tensor& head : network->forward(images)) {
        const torch::Tensor one = head.to(torch::kFloat32).square().mean();
        sum = sum.defined() ? sum + one : one;
      }
    }
    sum.backward();
    sum.item<float>();  // the device is done
    if (pass > 0) fastest = std::min(fastest, watch.seconds());
  }
  return fastest;
}

}  // namespace

runtime::HardwareOptions autotuned(const ExperimentOptions& options, runtime::HardwareOptions hardware,
                                   const plan::Plan& plan, parallel::Group& group) {
  if (group.leads()) {
    const int64_t batch = std::max<int64_t>(1, group.share_of(plan.batch_size).count());
    runtime::HardwareOptions best = hardware;
    double fastest = std::numeric_limits<double>::infinity();
    for (const runtime::Precision precision : candidates(hardware.precision))
      for (const runtime::MemoryFormat format : candidates(hardware.memory_format)) {
        runtime::HardwareOptions one = hardware;
        one.precision = precision;
        one.memory_format = format;
        const double seconds = seconds_of_a_pass(options, one, plan, batch);
        core::log_info("autotune: {:.3f} s a pass in {}, {}", seconds, choice_name(precision), choice_name(format));
        if (seconds >= fastest) continue;
        fastest = seconds;
        best = one;
      }
    hardware = best;
  }
  hardware.precision = parse_choice<runtime::Precision>(group.from_leader(choice_name(hardware.precision)), "rank 0");
  hardware.memory_format =
      parse_choice<runtime::MemoryFormat>(group.from_leader(choice_name(hardware.memory_format)), "rank 0");
  return hardware;
}

}  // namespace medvol::apps
