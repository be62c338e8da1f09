#include <ATen/ops/zeros.h>
#include <fmt/ranges.h>

#include "datasets/augmentation/augmenter.h"
#include "experiments/apps/benchmark_support.h"
#include "experiments/apps/benchmarks.h"
#include "experiments/apps/configuration.h"
#include "framework/runtime/stopwatch.h"

namespace medvol::apps {
namespace {

struct AugmentationBenchmarkOptions {
  std::filesystem::path peer;
  std::string transforms = "nnunet";
  std::vector<int64_t> patch{128, 128, 128};
  int64_t channels = 4, samples = 500, peer_samples = 100, seed = 1;
  bool steps = false;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("peer", peer, "a python with nnunetv2 and batchgeneratorsv2; empty: medvol alone");
    visit("transforms", transforms, "a file of experiments/conf/augmentation that nnU-Net has too",
          config::one_of({"nnunet", "nnunet_da5"}));
    visit("patch", patch, "z, y, x of the patch; no axis three times longer than the first", config::at_least(8));
    visit("channels", channels, "of the image", config::at_least(1));
    visit("samples", samples, "of medvol that are timed, after ten that are not", config::at_least(1));
    visit("peer_samples", peer_samples, "of the peer that are timed, after ten that are not", config::at_least(1));
    visit("seed", seed, "of the made image and of what is drawn", config::at_least(0));
    visit("steps", steps, "medvol's steps one by one as well, each on every sample");
  }
};

constexpr int64_t warmup = 10;

/// experiments/conf/augmentation/<name>.yaml
datasets::AugmentationOptions read_options(const std::string& name) {
  return config::resolve(config::CommandLine{}, {conf_folder() / "augmentation", name}, datasets::AugmentationOptions{})
      .options;
}

std::vector<double> time_samples(const datasets::AugmentationOptions& options, const std::vector<int64_t>& patch,
                                 const MadeCase& made, int64_t samples, uint64_t seed) {
  const datasets::Augmenter augmenter(options, patch);
  const auto [depth, height, width] = augmenter.patch_size();
  const int64_t channels = made.image.size(0);
  const datasets::Index3 box{made.labels.size(0), made.labels.size(1), made.labels.size(2)};
  const datasets::SourcePatch source{
      made.image.const_data_ptr<c10::Half>(), made.labels.const_data_ptr<uint8_t>(), channels, box, {0, 0, 0}, box};
  const at::Tensor images = at::zeros({channels, depth, height, width});
  const at::Tensor labels = at::zeros({depth, height, width}, at::kByte);
  datasets::AugmentationScratch scratch;
  std::vector<double> seconds;
  for (int64_t index = 0; index < warmup + samples; ++index) {
    runtime::Philox random(seed, runtime::purpose_augmentation, static_cast<uint64_t>(index));
    const runtime::Stopwatch watch;
    augmenter.apply(source, random, images.mutable_data_ptr<float>(), labels.mutable_data_ptr<uint8_t>(), scratch);
    if (index >= warmup) seconds.push_back(watch.seconds());
  }
  return seconds;
}

/// Each step that `options` uses, alone and on every sample.
void time_steps(datasets::AugmentationOptions options, const AugmentationBenchmarkOptions& benchmark,
                const MadeCase& made) {
  std::vector<std::pair<std::string, double*>> used;
  for (const auto& step : datasets::step_probabilities(options))
    if (*step.second > 0) used.push_back(step);
  for (const auto& [name, chance] : used) {
    for (const auto& other : used) *other.second = 0;
    *chance = 1;
    print_times("  " + name, time_samples(options, benchmark.patch, made, 30, static_cast<uint64_t>(benchmark.seed)));
  }
}

void run(const AugmentationBenchmarkOptions& options) {
  const datasets::AugmentationOptions augmentation = read_options(options.transforms);
  const datasets::Index3 box = datasets::Augmenter(augmentation, options.patch).source_patch_size();
  const MadeCase made = made_case(options.channels, box, static_cast<uint64_t>(options.seed));
  fmt::print("transforms {}, a patch of {} channels, {}, from a box of {}, labels included; one core; ms a sample\n",
             options.transforms, options.channels, fmt::join(options.patch, "×"), fmt::join(box, "×"));
  print_times_header("");
  const std::vector<double> ours =
      time_samples(augmentation, options.patch, made, options.samples, static_cast<uint64_t>(options.seed));
  print_times("medvol", ours);
  if (options.steps) time_steps(augmentation, options, made);
  if (options.peer.empty()) return;
  const WorkFolder work;
  write_raw(work.path() / "image.f16", made.image);
  write_raw(work.path() / "labels.u8", made.labels);
  const nlohmann::json peer = run_peer(options.peer, "augmentation_peer.py", work.path(),
                                       {{"patch", options.patch},
                                        {"channels", options.channels},
                                        {"box", box},
                                        {"samples", options.peer_samples},
                                        {"warmup", warmup},
                                        {"seed", options.seed},
                                        {"transforms", options.transforms}});
  const auto theirs = peer["seconds"].get<std::vector<double>>();
  print_times("batchgeneratorsv2 " + peer["versions"]["batchgeneratorsv2"].get<std::string>(), theirs);
  fmt::print("ratio of the means {:.1f}\n", mean(theirs) / mean(ours));
  fmt::print("peer: {}\n", peer["versions"].dump());
}

}  // namespace

int benchmark_augmentation(const Arguments& arguments) {
  const config::HelpPage page{
      "benchmark augmentation",
      "Mean cost of nnU-Net's training transforms on one core: medvol's and, in the python that peer= names, "
      "batchgeneratorsv2's as nnunetv2 puts them together, on the same made image.",
      {"medvol benchmark augmentation peer=.deps/peers/bin/python", "medvol benchmark augmentation steps=true"}};
  return run_command<AugmentationBenchmarkOptions>(page, arguments, AugmentationBenchmarkOptions{}, run);
}

}  // namespace medvol::apps
