#include "experiments/apps/benchmark_scaling.h"

#include <fmt/ranges.h>
#include <torch/version.h>

#include <algorithm>
#include <thread>

#include "experiments/apps/benchmark_support.h"
#include "experiments/apps/benchmarks.h"
#include "experiments/apps/configuration.h"
#include "framework/core/error.h"
#include "framework/parallel/launch.h"

namespace medvol::apps {
namespace {

/// Starts the ranks as `medvol launch` does, and reads what rank 0 wrote.
ScalingResult measure(const Arguments& words, int64_t ranks, const std::filesystem::path& folder) {
  parallel::LaunchJob job{"/proc/self/exe", {"medvol", "benchmark", "scaling"}, {}, ranks, 0};
  job.words.insert(job.words.end(), words.begin(), words.end());
  job.words.push_back("measure=" + folder.string());
  std::fflush(stdout);
  if (parallel::launch(job) != 0)
    throw core::UserError(fmt::format("{} ranks failed: their message is above", ranks), "medvol benchmark scaling");
  return read_scaling_result(folder / "result.json");
}

parallel::Link link_of(const ScalingResult& result) { return parallel::fit_link(result.ranks, result.link); }

double bytes_of(const ScalingCase& one) {
  double bytes = 0;
  for (const parallel::SumRequest& sum : one.sums) bytes += sum.bytes;
  return bytes;
}

/// Of ours, and of the same work shared evenly: `work` is 1 where ranks share it, their number where each has its own.
double speed_up(const ScalingResult& one, const ScalingResult& many, const std::string& name) {
  const double work = name == "weak" ? static_cast<double>(many.ranks) / static_cast<double>(one.ranks) : 1;
  return work * one.cases.at(name).real.median / many.cases.at(name).real.median;
}

void print_steps(const std::vector<ScalingResult>& results, const std::string& name) {
  fmt::print("  {:>5} {:>7} {:>8} {:>9} {:>19} {:>9} {:>10} {:>9} {:>9} {:>8} {:>12}\n", "ranks", "threads", "samples",
             "step, ms", "fastest to slowest", "speed-up", "efficiency", "MB summed", "sums, ms", "hidden",
             "Reducer, ms");
  const ScalingResult& first = results.front();
  for (const ScalingResult& result : results) {
    const ScalingCase& one = result.cases.at(name);
    const double gain = speed_up(first, result, name);
    const bool timed = one.timed.communication > 0;
    fmt::print("  {:>5} {:>7} {:>8} {:>9.1f} {:>19} {:>9.2f} {:>8.0f} % {:>9.2f} {:>9} {:>8} {:>12}\n", result.ranks,
               result.threads, one.samples, 1e3 * one.real.median,
               fmt::format("{:.1f} to {:.1f}", 1e3 * one.real.fastest, 1e3 * one.real.slowest), gain,
               100 * gain * static_cast<double>(first.ranks) / static_cast<double>(result.ranks), bytes_of(one) / 1e6,
               timed ? fmt::format("{:.1f}", 1e3 * one.timed.communication) : "-",
               timed ? fmt::format("{:.0f} %", 100 * one.timed.hidden()) : "-",
               one.reducer.median > 0 ? fmt::format("{:.1f}", 1e3 * one.reducer.median) : "-");
    if (one.norm_difference > 1e-3)
      throw core::UserError(fmt::format("Reducer's gradient is another one, by {:.2g}", one.norm_difference),
                            "medvol benchmark scaling", "its time says nothing then");
  }
}

void print_link(const std::vector<ScalingResult>& results) {
  fmt::print(
      "\nsums between the ranks, nothing else going on; measured, and a ring's 2(N-1)(latency + bytes/N/bandwidth) "
      "fitted to it\n");
  for (const ScalingResult& result : results) {
    if (result.link.empty()) continue;
    const parallel::Link link = link_of(result);
    std::string sums;
    double worst = 0;
    for (const parallel::SumTime& one : result.link) {
      sums += fmt::format("  {:.0f} kB {:.2f} ms", one.bytes / 1e3, 1e3 * one.seconds);
      worst = std::max(worst, std::abs(parallel::ring_seconds(link, result.ranks, one.bytes) / one.seconds - 1));
    }
    fmt::print("  {} ranks:{}\n    latency {:.0f} µs, bandwidth {:.2f} GB/s; the fit is off by {:.0f} % at most\n",
               result.ranks, sums, 1e6 * link.latency, link.bandwidth / 1e9, 100 * worst);
  }
}

void print_check(const std::vector<ScalingResult>& results) {
  fmt::print(
      "\nthe model against the measurement (computation measured with nothing sent, the link as fitted above)\n"
      "  {:<7} {:>5} {:>15} {:>20} {:>20} {:>20} {:>9}\n",
      "", "ranks", "computation, ms", "sums, ms: predicted", "waited, ms: predicted", "step, ms: predicted",
      "deviation");
  for (const char* name : {"strong", "weak"})
    for (const ScalingResult& result : results) {
      if (result.link.empty()) continue;
      const ScalingCase& one = result.cases.at(name);
      const parallel::StepTime said =
          parallel::predict_step(one.silent.median, one.sums, link_of(result), result.ranks);
      const auto pair = [](double predicted, double measured) {
        return fmt::format("{:.1f}, is {}", 1e3 * predicted,
                           measured > 0 ? fmt::format("{:.1f}", 1e3 * measured) : std::string("-"));
      };
      fmt::print("  {:<7} {:>5} {:>15.1f} {:>20} {:>20} {:>20} {:>+7.0f} %\n", name, result.ranks,
                 1e3 * one.silent.median, pair(said.communication, one.timed.communication),
                 pair(said.waited, one.timed.waited), pair(said.step, one.real.median),
                 100 * (said.step / one.real.median - 1));
    }
}

/// Of ranks that are each a machine (or GPU) like this one with all its cores.
void print_predictions(const ScalingBenchmarkOptions& options, const ScalingResult& one) {
  const double strong = one.cases.at(fmt::format("alone {}", options.batch)).silent.median;
  const double weak = one.cases.at(fmt::format("alone {}", options.batch_a_rank)).silent.median;
  for (size_t i = 0; i < options.link_gb_per_s.size(); ++i) {
    const parallel::Link link{options.latency_us[i] * 1e-6, options.link_gb_per_s[i] * 1e9};
    fmt::print(
        "\npredicted: ranks that are each like this machine, computation MEASURED by one process here, network ASSUMED "
        "({:g} GB/s, {:g} µs)\n  {:>5} | {:>12} {:>9} {:>8} {:>9} {:>10} | {:>10} {:>8} {:>10}\n",
        options.link_gb_per_s[i], options.latency_us[i], "ranks", "strong: samples", "step, ms", "hidden", "speed-up",
        "efficiency", "weak: step", "hidden", "efficiency");
    for (const int64_t ranks : options.predict) {
      const ScalingCase& shared = one.cases.at(fmt::format("alone {}", (options.batch + ranks - 1) / ranks));
      const ScalingCase& own = one.cases.at(fmt::format("alone {}", options.batch_a_rank));
      const auto a = parallel::predict_step(shared.silent.median, shared.sums, link, ranks);
      const auto b = parallel::predict_step(own.silent.median, own.sums, link, ranks);
      fmt::print("  {:>5} | {:>15} {:>9.1f} {:>6.0f} % {:>9.2f} {:>8.0f} % | {:>10.1f} {:>6.0f} % {:>8.0f} %\n", ranks,
                 shared.samples, 1e3 * a.step, 100 * a.hidden(), strong / a.step,
                 100 * strong / a.step / static_cast<double>(ranks), 1e3 * b.step, 100 * b.hidden(),
                 100 * weak / b.step);
    }
  }
}

constexpr const char* assumptions = R"(
the model assumes: sums go round a ring, one after another, at full speed, and take no processor time from the
computation (on a CPU they do: they are memory traffic and additions); every rank asks for them when the measured step
did, and all ranks compute equally long; a rank has a link of its own to the next; no other work on it. Ranks beyond the
samples of a strong step have none and gain nothing.
)";

void run(const ScalingBenchmarkOptions& options, const Arguments& words) {
  if (!options.measure.empty()) return measure_scaling(options);
  if (options.link_gb_per_s.size() != options.latency_us.size())
    throw core::UserError(
        fmt::format("{} bandwidths and {} latencies", options.link_gb_per_s.size(), options.latency_us.size()),
        "latency_us", "each network has both");
  if (options.sum_kb.size() < 2) throw core::UserError("a link is measured by two sizes or more", "sum_kb");
  if (options.patch.size() != 3) throw core::UserError("has three entries", "patch", "such as patch=[40,56,40]");
  std::vector<ScalingResult> results;
  const WorkFolder work;
  std::vector<int64_t> all = options.ranks;
  std::sort(all.begin(), all.end());
  if (all.empty() || all.front() != 1) all.insert(all.begin(), 1);  // what the others are compared with
  all.erase(std::unique(all.begin(), all.end()), all.end());
  for (const int64_t ranks : all) {
    results.push_back(measure(words, ranks, work.path()));
    if (ranks == 1)
      fmt::print(
          "{}, {} cores, LibTorch {}, {}; nnU-Net's network, {}: {:.2f} MB of gradients; medians of {} steps after "
          "2 that are not timed\n",
          results[0].device, std::thread::hardware_concurrency(), TORCH_VERSION, results[0].precision,
          results[0].network, results[0].gradient_bytes / 1e6, options.repeats);
  }
  fmt::print("\nstrong: {} samples a step, shared by the ranks\n", results[0].cases.at("strong").samples);
  print_steps(results, "strong");
  fmt::print("\nweak: {} samples a step for each rank\n", options.batch_a_rank);
  print_steps(results, "weak");
  fmt::print(
      "\nall ranks share this machine's cores. MB summed: what a step gives to the group; a rank of a ring sends "
      "2(N-1)/N of it.\nsums: from the first byte of each to its end, hidden: behind computation. Reducer: c10d's, "
      "in the place of GradientSum.\n");
  if (results.size() > 1) {
    print_link(results);
    print_check(results);
  }
  print_predictions(options, results[0]);
  fmt::print("{}", assumptions);
}

}  // namespace

int benchmark_scaling(const Arguments& arguments) {
  const config::HelpPage page{
      "benchmark scaling",
      "Training steps of one network with 1, 2 and 4 processes of this machine, as `medvol launch` starts them: time, "
      "speed-up, what was sent and how much of that was hidden, c10d's Reducer beside it. Then a model of computation "
      "and communication, held against the measured points, says what more ranks on an assumed network would give.",
      {"medvol benchmark scaling", "medvol benchmark scaling ranks=[1,2] batch=8 link_gb_per_s=[400] latency_us=[4]",
       "medvol benchmark scaling plan=outputs/hippo/plan.json"}};
  return run_command<ScalingBenchmarkOptions>(page, arguments, ScalingBenchmarkOptions{},
                                              [&](const auto& options) { run(options, arguments); });
}

}  // namespace medvol::apps
