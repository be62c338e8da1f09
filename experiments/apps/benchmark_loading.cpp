#include <fmt/ranges.h>

#include <chrono>
#include <thread>

#include "datasets/loading/training_source.h"
#include "experiments/apps/benchmark_support.h"
#include "experiments/apps/benchmarks.h"
#include "experiments/apps/configuration.h"
#include "framework/core/error.h"
#include "framework/runtime/stopwatch.h"

namespace medvol::apps {
namespace {

struct LoadingBenchmarkOptions {
  std::filesystem::path peer;
  std::vector<int64_t> patch{128, 128, 128}, size{200, 200, 160};
  int64_t channels = 4, cases = 4, batch_size = 2, batches = 60, threads = 2, seed = 1;
  double step = 0;
  datasets::AugmentationEngine engine = datasets::AugmentationEngine::cpu;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("peer", peer, "a python with nnunetv2, batchgenerators and batchgeneratorsv2; empty: medvol alone");
    visit("patch", patch, "z, y, x of a patch; no axis three times longer than the first", config::at_least(8));
    visit("size", size, "z, y, x of the made examinations", config::at_least(8));
    visit("channels", channels, "of the images", config::at_least(1));
    visit("cases", cases, "made examinations", config::between(1, 100));
    visit("batch_size", batch_size, "patches a batch", config::at_least(1));
    visit("batches", batches, "that are timed, after five that are not", config::at_least(1));
    visit("threads", threads, "medvol's worker threads, and the peer's worker processes", config::between(1, 256));
    visit("step", step, "seconds that a training step would take, waited between two batches", config::at_least(0));
    visit("engine", engine, "medvol's: cpu, or device, on the CPU here");
    visit("seed", seed, "of the made images and of what is drawn", config::at_least(0));
  }
};

constexpr int64_t warmup = 5, foreground_voxels = 10000;

/// Made examinations in memory, as a store's stand mapped.
class MadeCases : public datasets::TrainingCases {
 public:
  explicit MadeCases(const std::vector<MadeCase>& cases) {
    for (const MadeCase& made : cases) {
      const int64_t count = made.labels.numel();
      std::vector<std::vector<int64_t>> voxels(3);
      for (int64_t i = 0; i < count; ++i) {
        const uint8_t label = made.labels.const_data_ptr<uint8_t>()[i];
        if (label > 0 && voxels[label - 1u].size() < foreground_voxels) voxels[label - 1u].push_back(i);
      }
      voxels_.push_back(std::move(voxels));
    }
    for (size_t n = 0; n < cases.size(); ++n) {
      datasets::TrainingCase view;
      view.image = cases[n].image.const_data_ptr<c10::Half>();
      view.labels = cases[n].labels.const_data_ptr<uint8_t>();
      view.channels = cases[n].image.size(0);
      view.size = {cases[n].labels.size(0), cases[n].labels.size(1), cases[n].labels.size(2)};
      for (const auto& list : voxels_[n]) view.foreground.emplace_back(list.data(), static_cast<int64_t>(list.size()));
      views_.push_back(view);
    }
  }
  int64_t count() const override { return static_cast<int64_t>(views_.size()); }
  int64_t channels() const override { return views_.front().channels; }
  const datasets::TrainingCase& open(int64_t index) const override { return views_[static_cast<size_t>(index)]; }

 private:
  std::vector<std::vector<std::vector<int64_t>>> voxels_;
  std::vector<datasets::TrainingCase> views_;
};

struct Result {
  double batches_per_second;
  std::vector<double> waits;
};

Result measure(const LoadingBenchmarkOptions& options, const std::vector<MadeCase>& cases) {
  const datasets::LoadingOptions loading{.threads = options.threads, .engine = options.engine};
  datasets::TrainingSource source(std::make_unique<MadeCases>(cases), datasets::Augmenter({}, options.patch),
                                  options.batch_size, loading, static_cast<uint64_t>(options.seed));
  Result result;
  runtime::Stopwatch all;
  for (int64_t n = 0; n < warmup + options.batches; ++n) {
    if (n == warmup) all.restart();
    const runtime::Stopwatch watch;
    const datasets::Batch batch = source.next();
    if (n >= warmup) result.waits.push_back(watch.seconds());
    std::this_thread::sleep_for(std::chrono::duration<double>(options.step));
  }
  result.batches_per_second = double(options.batches) / all.seconds();
  return result;
}

void print_result(const std::string& name, const Result& result) {
  print_times(name, result.waits);
  fmt::print("{:<28} {:>10.2f} batches a second\n", "", result.batches_per_second);
}

void run(const LoadingBenchmarkOptions& options) {
  if (options.size.size() != 3 || options.patch.size() != 3)
    throw core::UserError("patch and size have three entries", "benchmark loading", "such as patch=[128,128,128]");
  const datasets::Index3 size{options.size[0], options.size[1], options.size[2]};
  std::vector<MadeCase> cases;
  for (int64_t n = 0; n < options.cases; ++n)
    cases.push_back(made_case(options.channels, size, static_cast<uint64_t>(options.seed + n)));
  fmt::print(
      "batches of {} patches of {} channels, {}, nnU-Net's training transforms, {} workers; ms until next() "
      "gives one\n",
      options.batch_size, options.channels, fmt::join(options.patch, "×"), options.threads);
  print_times_header("");
  const Result ours = measure(options, cases);
  print_result("medvol", ours);
  if (options.peer.empty()) return;
  const WorkFolder work;
  for (size_t n = 0; n < cases.size(); ++n) {
    write_raw(work.path() / fmt::format("case_{}.f16", n), cases[n].image);
    write_raw(work.path() / fmt::format("case_{}.u8", n), cases[n].labels);
  }
  const datasets::Index3 box = datasets::Augmenter({}, options.patch).source_patch_size();
  const nlohmann::json peer = run_peer(options.peer, "loading_peer.py", work.path(),
                                       {{"patch", options.patch},
                                        {"size", options.size},
                                        {"box", box},
                                        {"channels", options.channels},
                                        {"cases", options.cases},
                                        {"batch_size", options.batch_size},
                                        {"batches", options.batches},
                                        {"warmup", warmup},
                                        {"workers", options.threads},
                                        {"step", options.step},
                                        {"seed", options.seed}});
  const Result theirs{peer["batches_per_second"].get<double>(), peer["waits"].get<std::vector<double>>()};
  print_result("nnunetv2 " + peer["versions"]["nnunetv2"].get<std::string>(), theirs);
  fmt::print("ratio of batches a second {:.1f}, of the mean waiting times {:.1f}\n",
             ours.batches_per_second / theirs.batches_per_second, mean(theirs.waits) / mean(ours.waits));
  fmt::print("peer: {}\n", peer["versions"].dump());
}

}  // namespace

int benchmark_loading(const Arguments& arguments) {
  const config::HelpPage page{
      "benchmark loading",
      "How fast augmented training batches come and how long a training loop waits for one: medvol's source and, in "
      "the "
      "python that peer= names, nnU-Net's data loader with its worker processes, on the same made examinations.",
      {"medvol benchmark loading peer=.deps/peers/bin/python", "medvol benchmark loading threads=2 step=0.3"}};
  return run_command<LoadingBenchmarkOptions>(page, arguments, LoadingBenchmarkOptions{}, run);
}

}  // namespace medvol::apps
