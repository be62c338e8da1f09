#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "framework/config/fields.h"
#include "framework/parallel/scaling_model.h"
#include "framework/runtime/execution_context.h"

namespace medvol::apps {

struct ScalingBenchmarkOptions {
  std::filesystem::path plan, measure;
  std::vector<int64_t> ranks{1, 2, 4}, predict{8, 16, 64}, patch{40, 56, 40}, features{16, 32, 64, 128};
  int64_t channels = 1, batch = 4, batch_a_rank = 2, repeats = 7, seed = 1;
  std::vector<int64_t> sum_kb{4, 64, 1024, 8192, 25600};
  std::vector<double> link_gb_per_s{1.25, 25}, latency_us{30, 5};
  runtime::HardwareOptions hardware;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("plan", plan, "plan.json of a run, whose network, patch and batch are taken; empty: the four fields below");
    visit("patch", patch, "z, y, x", config::at_least(8));
    visit("features", features, "channels of the stages of nnU-Net's 3D network", config::at_least(1));
    visit("channels", channels, "of the images", config::at_least(1));
    visit("batch", batch, "samples a step that the ranks share (strong scaling)", config::between(1, 1024));
    visit("batch_a_rank", batch_a_rank, "samples a step of each rank (weak scaling)", config::between(1, 1024));
    visit("ranks", ranks, "processes that are started and measured, on this machine", config::between(1, 64));
    visit("predict", predict, "ranks that the model is asked about, a machine or GPU each", config::between(2, 65536));
    visit("link_gb_per_s", link_gb_per_s,
          "networks for them, assumed: 10⁹ bytes a second each way (10-gigabit Ethernet 1.25; InfiniBand of 200 Gbit/s "
          "25; NVLink some 400)",
          config::positive());
    visit("latency_us", latency_us, "of each of these networks, microseconds an exchange", config::at_least(0));
    visit("sum_kb", sum_kb, "sizes of the sums between ranks that the link is measured by, 1024 bytes each",
          config::between(1, 1 << 20));
    visit("repeats", repeats, "steps that are timed, after two that are not", config::between(1, 1000));
    visit("seed", seed, "of images and weights", config::at_least(0));
    visit("hardware", hardware, "device, precision, threads; threads 0: the cores shared evenly among the ranks");
    visit(
        "measure", measure,
        "a folder: measures as one of the ranks that the environment names and writes result.json there. The benchmark "
        "starts itself so");
  }
};

/// Of a step, over the repeats.
struct ScalingSteps {
  double median = 0, fastest = 0, slowest = 0;  ///< seconds of the slowest rank
};

/// Steps of some ranks with so many samples.
struct ScalingCase {
  int64_t samples = 0;         ///< of the rank that has most
  ScalingSteps silent;         ///< the computation alone: all ranks at once, nothing sent
  ScalingSteps real, reducer;  ///< with GradientSum; with c10d's Reducer (0: not measured)
  parallel::StepTime timed;    ///< what communication took of real steps, medians (0: not measured)
  std::vector<parallel::SumRequest> sums;
  double norm_difference = 0;  ///< of Reducer's first gradient from ours, relative
};

struct ScalingResult {
  int64_t ranks = 1, threads = 1;
  std::string device, precision, network;
  double gradient_bytes = 0;
  std::vector<parallel::SumTime> link;
  std::map<std::string, ScalingCase> cases;  ///< "strong", "weak"; of one rank also "alone N": N samples
};

/// As one of the ranks: measures, and rank 0 writes options.measure/result.json.
void measure_scaling(const ScalingBenchmarkOptions& options);
void write_scaling_result(const std::filesystem::path& file, const ScalingResult& result);
ScalingResult read_scaling_result(const std::filesystem::path& file);

}  // namespace medvol::apps
