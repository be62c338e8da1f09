#include <fmt/ranges.h>
#include <torch/csrc/autograd/generated/variable_factories.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "experiments/apps/benchmark_scaling.h"
#include "experiments/apps/benchmark_support.h"
#include "experiments/apps/configuration.h"
#include "experiments/apps/reducer_sum.h"
#include "experiments/apps/registries.h"
#include "experiments/apps/task_shape.h"
#include "framework/core/error.h"
#include "framework/parallel/batch_sum.h"
#include "framework/parallel/rank_hardware.h"
#include "framework/parallel/timed_group.h"
#include "framework/runtime/stopwatch.h"
#include "framework/storage/atomic_file.h"
#include "framework/storage/file_error.h"
#include "losses/composite/deep_supervision.h"
#include "trainers/step/training_step.h"

namespace medvol::apps {
namespace {

using nlohmann::json;
using parallel::TimedGroup;

constexpr int64_t warmup = 2;

networks::TaskShape shape_of(const ScalingBenchmarkOptions& options) {
  if (!options.plan.empty()) return task_shape(plan::read_plan(options.plan));
  networks::TaskShape shape = usual_shape(3, options.features);
  shape.in_channels = options.channels;
  shape.out_channels = 4;  // of made_case
  shape.patch_size = options.patch;
  return shape;
}

void synchronise(const runtime::ExecutionContext& context) {
  if (context.device.is_cuda()) at::detail::getCUDAHooks().deviceSynchronize(context.device.index());
}

/// What is trained, and how its gradients are summed.
class Subject {
 public:
  /// `gradients`: the group of the step; `losses`: that of the objective's sums over the batch.
  Subject(const ScalingBenchmarkOptions& options, const runtime::ExecutionContext& context,
          const std::shared_ptr<parallel::Group>& gradients, const std::shared_ptr<parallel::Group>& losses)
      : context_(context) {
    const networks::TaskShape shape = shape_of(options);
    network_ = networks::NetworkChoice(registries().networks, "unet").build(shape);
    network_->initialize(context.generator(runtime::purpose_weights));
    medvol::losses::LossContext loss{.batch_dice = true, .regions = {}};
    if (losses->size() > 1) loss.batch_sum = parallel::batch_sum(*losses);
    const auto supervised = std::make_shared<medvol::losses::DeepSupervision>(
        medvol::losses::LossChoice(registries().losses, "dice_ce").build(loss), network_->head_strides(), std::nullopt);
    step_ = std::make_unique<trainers::TrainingStep>(
        network_, shape.dimensions,
        [this, supervised](const auto& heads, const torch::Tensor& labels) {
          const torch::Tensor value = (*supervised)(heads, labels);
          if (reducer_) reducer_->before_backward();
          return value;
        },
        trainers::OptimizerChoice(registries().optimizers, "sgd").build(), context, trainers::StepOptions{},
        trainers::Prepare{}, gradients);
  }

  /// From now on c10d's Reducer makes means of the gradients. A step beforehand shows what backward reaches.
  void use_reducer(const trainers::StepBatch& batch, const parallel::Environment& environment) {
    step_->begin({0, 0});
    step_->accumulate(batch);
    std::vector<torch::Tensor> reached;
    for (const torch::Tensor& parameter : network_->parameters())
      if (parameter.grad().count_nonzero().item<int64_t>() > 0) reached.push_back(parameter);
    step_->finish();  // at rate 0
    reducer_ = std::make_unique<ReducerSum>(reached, environment);
  }

  /// Seconds of one step.
  double run(const trainers::StepBatch& batch) {
    const runtime::Stopwatch watch;
    step_->begin({0, 1});
    if (reducer_) reducer_->before_forward();
    step_->accumulate(batch);
    const trainers::StepResult result = step_->finish();
    synchronise(context_);
    const double seconds = watch.seconds();
    if (!first_norm_) first_norm_ = result.gradient_norm;
    return seconds;
  }

  double first_norm() const { return first_norm_.value_or(0); }
  int64_t parameter_count() const { return network_->parameter_count(); }

 private:
  runtime::ExecutionContext context_;
  std::shared_ptr<networks::Network> network_;
  std::unique_ptr<trainers::TrainingStep> step_;
  std::unique_ptr<ReducerSum> reducer_;
  std::optional<double> first_norm_;
};

/// One rank's measurements of one case; lists have an entry a repeat.
struct Record {
  std::vector<double> silent, real, reducer, communication, waited;
  std::vector<std::vector<std::vector<double>>> sums;  ///< bytes, start, wait
  double norm = 0, reducer_norm = 0;
  NLOHMANN_DEFINE_TYPE_INTRUSIVE(Record, silent, real, reducer, communication, waited, sums, norm, reducer_norm)
};

ScalingSteps steps(std::vector<double> seconds) {
  if (seconds.empty()) return {};
  std::sort(seconds.begin(), seconds.end());
  return {seconds[seconds.size() / 2], seconds.front(), seconds.back()};
}

/// A step lasts until its slowest rank is done.
std::vector<double> slowest(const std::vector<Record>& all, std::vector<double> Record::*list) {
  std::vector<double> most = all.front().*list;
  for (const Record& one : all)
    for (size_t i = 0; i < most.size(); ++i) most[i] = std::max(most[i], (one.*list)[i]);
  return most;
}

ScalingCase merge(const std::vector<Record>& all, int64_t samples) {
  ScalingCase merged;
  merged.samples = samples;
  merged.silent = steps(slowest(all, &Record::silent));
  merged.real = steps(slowest(all, &Record::real));
  merged.reducer = steps(slowest(all, &Record::reducer));
  merged.norm_difference =
      all[0].reducer.empty() ? 0 : std::abs(all[0].reducer_norm - all[0].norm) / std::max(1e-30, all[0].norm);
  // The rank that comes to the sums last waits for nobody: what it sees is the travelling.
  std::vector<double> communication, waited;
  for (size_t i = 0; i < all.front().communication.size(); ++i) {
    const Record& last = *std::min_element(all.begin(), all.end(), [&](const Record& a, const Record& b) {
      return a.communication[i] < b.communication[i];
    });
    communication.push_back(last.communication[i]);
    waited.push_back(last.waited[i]);
  }
  merged.timed = {merged.real.median, steps(communication).median, steps(waited).median};
  if (!all.front().sums.empty()) {
    const std::vector<double>& own = all.front().silent;
    const auto middle = std::min_element(own.begin(), own.end(), [&, wanted = median(own)](double a, double b) {
      return std::abs(a - wanted) < std::abs(b - wanted);
    });
    for (const auto& sum : all.front().sums[static_cast<size_t>(middle - own.begin())])
      merged.sums.push_back({sum[0], sum[1], sum[2]});
  }
  return merged;
}

class Bench {
 public:
  Bench(const ScalingBenchmarkOptions& options, const parallel::Environment& environment,
        const runtime::ExecutionContext& context, std::shared_ptr<parallel::Group> group)
      : options_(options), environment_(environment), context_(context), group_(std::move(group)) {}

  ScalingResult run() {
    ScalingResult result;
    result.ranks = group_->size();
    result.threads = context_.compute_threads;
    result.device = context_.device_name;
    result.precision = choice_name(context_.precision);
    const Subject subject(options_, context_, parallel::alone(), parallel::alone());
    result.gradient_bytes = static_cast<double>(subject.parameter_count() * 4);
    result.network = fmt::format(
        "features {}, patch {}, {:.2f} M parameters", fmt::join(shape_of(options_).features_per_stage, "/"),
        fmt::join(shape_of(options_).patch_size, "×"), static_cast<double>(subject.parameter_count()) / 1e6);
    if (group_->size() > 1)
      for (const int64_t kb : options_.sum_kb) result.link.push_back(time_sum(kb * 1024));
    result.cases["strong"] = measure(options_.batch);
    result.cases["weak"] = measure(options_.batch_a_rank * group_->size());
    if (group_->size() == 1) {
      std::vector<int64_t> wanted{options_.batch, options_.batch_a_rank};
      for (const int64_t ranks : options_.predict) wanted.push_back((options_.batch + ranks - 1) / ranks);
      for (const int64_t samples : wanted)
        if (auto& found = result.cases[fmt::format("alone {}", samples)]; found.samples == 0)
          found = measure_alone(samples);
    }
    return result;
  }

 private:
  /// Of five in a row, so that the ranks' coming does not count.
  parallel::SumTime time_sum(int64_t bytes) {
    constexpr int in_a_row = 5;
    const torch::Tensor numbers =
        torch::zeros({bytes / 4}, torch::TensorOptions(torch::kFloat32).device(context_.device));
    std::vector<double> seconds;
    for (int64_t repeat = -1; repeat < options_.repeats; ++repeat) {
      group_->barrier();
      const runtime::Stopwatch watch;
      for (int i = 0; i < in_a_row; ++i) group_->sum(numbers);
      synchronise(context_);
      if (repeat >= 0) seconds.push_back(watch.seconds() / in_a_row);
    }
    return {static_cast<double>(bytes), median(seconds)};
  }

  /// This rank's samples of a batch of `all`.
  trainers::StepBatch share(int64_t all, const parallel::Range& range) const {
    const networks::TaskShape shape = shape_of(options_);
    std::vector<int64_t> patch = shape.patch_size;
    if (patch.size() == 2) patch.insert(patch.begin(), 1);
    std::vector<torch::Tensor> images, labels;
    for (int64_t i = range.begin; i < std::max(range.end, range.begin + 1); ++i) {
      const MadeCase made =
          made_case(shape.in_channels, {patch[0], patch[1], patch[2]}, static_cast<uint64_t>(options_.seed + i));
      images.push_back(made.image.to(torch::kFloat32));
      labels.push_back(made.labels.clamp_max(shape.out_channels - 1));
    }
    trainers::StepBatch batch{torch::stack(images).narrow(0, 0, range.count()),
                              torch::stack(labels).narrow(0, 0, range.count())};
    batch.part = double(range.count()) / double(all);
    return batch;
  }

  std::function<void()> before_start() const {
    return [context = context_] { synchronise(context); };
  }

  ScalingCase measure(int64_t all) {
    const parallel::Range range = group_->share_of(all);
    const trainers::StepBatch batch = share(all, range);
    const bool several = group_->size() > 1, cpu = context_.device.is_cpu();
    const auto silent = std::make_shared<TimedGroup>(*group_, TimedGroup::Traffic::silent, 0, before_start());
    Subject computing(options_, context_, silent, silent), real(options_, context_, group_, group_);
    std::shared_ptr<TimedGroup> timed;
    std::unique_ptr<Subject> watched, reduced;
    trainers::StepBatch scaled = batch;  // Reducer's gradient is the mean
    scaled.part *= static_cast<double>(group_->size());
    if (several && cpu) {
      timed = std::make_shared<TimedGroup>(*group_, TimedGroup::Traffic::real);
      watched = std::make_unique<Subject>(options_, context_, timed, timed);
      if (all % group_->size() == 0) {  // it knows no rank without a sample
        reduced = std::make_unique<Subject>(options_, context_, parallel::alone(), group_);
        reduced->use_reducer(scaled, environment_);
      }
    }
    Record own;
    for (int64_t repeat = -warmup; repeat < options_.repeats; ++repeat) {
      const bool counts = repeat >= 0;
      group_->barrier();
      silent->restart();
      const double computed = computing.run(batch);
      group_->barrier();
      const double took = real.run(batch);
      if (counts) {
        own.silent.push_back(computed), own.real.push_back(took);
        auto& sums = own.sums.emplace_back();
        for (const parallel::SumRequest& one : silent->requests()) sums.push_back({one.bytes, one.start, one.wait});
      }
      if (watched) {
        group_->barrier();
        timed->restart();
        watched->run(batch);
        if (counts)
          own.communication.push_back(timed->times().communication), own.waited.push_back(timed->times().waited);
      }
      if (reduced) {
        group_->barrier();
        const double reducing = reduced->run(scaled);
        if (counts) own.reducer.push_back(reducing);
      }
    }
    own.norm = real.first_norm();
    own.reducer_norm = reduced ? reduced->first_norm() : 0;
    int64_t most = 0;
    for (int64_t rank = 0; rank < group_->size(); ++rank) most = std::max(most, group_->share_of(all, rank).count());
    return together(own, most);
  }

  /// A process alone that asks for what one of several would ask for.
  ScalingCase measure_alone(int64_t samples) {
    const trainers::StepBatch batch = share(samples, {0, samples});
    const auto silent = std::make_shared<TimedGroup>(*group_, TimedGroup::Traffic::silent, 2, before_start());
    Subject subject(options_, context_, silent, silent);
    Record own;
    for (int64_t repeat = -warmup; repeat < options_.repeats; ++repeat) {
      silent->restart();
      const double took = subject.run(batch);
      if (repeat < 0) continue;
      own.silent.push_back(took);
      auto& sums = own.sums.emplace_back();
      for (const parallel::SumRequest& one : silent->requests()) sums.push_back({one.bytes, one.start, one.wait});
    }
    return together(own, samples);
  }

  ScalingCase together(const Record& own, int64_t samples) {
    std::vector<Record> all;
    for (const std::string& text : group_->gather(json(own).dump())) all.push_back(json::parse(text).get<Record>());
    return merge(all, samples);
  }

  ScalingBenchmarkOptions options_;
  parallel::Environment environment_;
  runtime::ExecutionContext context_;
  std::shared_ptr<parallel::Group> group_;
};

}  // namespace

void measure_scaling(const ScalingBenchmarkOptions& options) {
  const parallel::Environment environment = parallel::Environment::read();
  const std::shared_ptr<parallel::Group> group = parallel::join(environment);
  try {
    const auto context = runtime::ExecutionContext::resolve(parallel::rank_hardware(options.hardware, environment),
                                                            static_cast<uint64_t>(options.seed));
    context.activate();
    const ScalingResult result = Bench(options, environment, context, group).run();
    if (group->leads()) write_scaling_result(options.measure / "result.json", result);
    group->finish();
  } catch (const std::exception& error) {
    group->tell_failure(error.what());
    throw;
  }
}

}  // namespace medvol::apps
