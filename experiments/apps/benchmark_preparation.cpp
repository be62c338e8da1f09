#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <set>
#include <thread>

#include "experiments/apps/benchmark_support.h"
#include "experiments/apps/benchmarks.h"
#include "experiments/apps/configuration.h"
#include "experiments/apps/run_program.h"
#include "framework/core/error.h"
#include "framework/runtime/stopwatch.h"
#include "framework/storage/file_error.h"

namespace medvol::apps {
namespace {

using nlohmann::json;

struct PreparationBenchmarkOptions {
  std::optional<std::filesystem::path> data;
  std::filesystem::path peer;
  std::string configuration = "3d_fullres";
  std::vector<double> spacing;
  std::vector<int64_t> threads;
  int64_t repeats = 3;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("data", data, "folder of a data set in the Decathlon's or nnU-Net's layout", config::required());
    visit("peer", peer, "a python with nnunetv2; empty: medvol alone");
    visit("configuration", configuration, "of the plan", config::one_of({"3d_fullres", "2d"}));
    visit("spacing", spacing, "mm z, y, x to resample to; empty: the plan's", config::positive());
    visit("threads", threads,
          "numbers of threads, and of the peer's processes, that are tried; empty: one, all processors, twice as many",
          config::between(1, 256));
    visit("repeats", repeats, "of medvol with each number, of which the median counts", config::at_least(1));
  }
};

std::vector<int64_t> counts_to_try(const PreparationBenchmarkOptions& options) {
  if (!options.threads.empty()) return options.threads;
  const int64_t processors = std::max(1u, std::thread::hardware_concurrency());
  const std::set<int64_t> counts{1, processors, 2 * processors};
  return {counts.begin(), counts.end()};
}

struct Preparation {
  double seconds;
  json plan;  ///< of the configuration, as `medvol prepare` prints it
};

/// `medvol prepare` from nothing, from its start to its end: a process of its own.
Preparation prepare_once(const PreparationBenchmarkOptions& options, int64_t threads,
                         const std::filesystem::path& work) {
  const std::filesystem::path store = work / "prepared";
  std::filesystem::remove_all(store);
  std::vector<std::string> words{"medvol", "prepare", "plan.configuration=" + options.configuration,
                                 "prepare.folder=" + store.string(), fmt::format("prepare.threads={}", threads)};
  for (const std::string& word : dataset_words(*options.data)) words.push_back(word);
  if (!options.spacing.empty()) words.push_back(fmt::format("plan.spacing=[{}]", fmt::join(options.spacing, ",")));
  const runtime::Stopwatch watch;
  const int code = run_program(words, {work / "plans.json", work / "errors"});
  const double seconds = watch.seconds();
  if (code != 0) {
    print_end_of(work / "errors");
    throw core::UserError("medvol prepare failed: its message is above", "data=" + options.data->string());
  }
  return {seconds,
          json::parse(storage::read_bytes(work / "plans.json")).at("configurations").at(options.configuration)};
}

/// A line of the table; what a program does not tell apart stays empty.
void print_row(const std::string& name, double all, const std::string& parts = "") {
  fmt::print("{:<28} {:>8.2f} {}\n", name, all, parts);
  std::fflush(stdout);
}

std::string counted(int64_t count, const char* what, const char* whats) {
  return fmt::format("{} {}", count, count == 1 ? what : whats);
}

void compare(const PreparationBenchmarkOptions& options, const std::vector<int64_t>& counts, const Preparation& best,
             const std::filesystem::path& work) {
  const json peer = run_peer(options.peer, "preparation_peer.py", work,
                             {{"data", std::filesystem::canonical(*options.data).string()},
                              {"spacing", options.spacing},
                              {"configuration", options.configuration},
                              {"processes", counts}});
  for (const char* key : {"patch_size", "batch_size", "spacing"})
    if (best.plan.at(key) != peer.at(key))
      throw core::UserError(fmt::format("the two planned differently: {} is {}, the peer's {}", key,
                                        best.plan.at(key).dump(), peer.at(key).dump()),
                            options.data->string(), "times of different work cannot be compared");
  const std::string name = "nnunetv2 " + peer["versions"]["nnunetv2"].get<std::string>();
  double theirs = 0, alone = peer["alone"];
  for (const json& run : peer["runs"]) {
    const double fingerprint = run["fingerprint"], plan = run["plan"], preprocess = run["preprocess"];
    const double all = fingerprint + plan + preprocess;
    print_row(name + ", " + counted(run["processes"], "process", "processes"), all,
              fmt::format("{:>12.2f} {:>8.2f} {:>12.2f}", fingerprint, plan, preprocess));
    theirs = theirs == 0 ? all : std::min(theirs, all);
    alone = std::min(alone, preprocess);
  }
  fmt::print("{:<28} {:>8} {:>12} {:>8} {:>12.2f}\n", name + ", no workers", "", "", "", peer["alone"].get<double>());
  fmt::print(
      "ratio, best against best {:.1f}; the peer's preprocessing alone, best of all ways, against all of "
      "medvol's {:.1f}\n",
      theirs / best.seconds, alone / best.seconds);
  fmt::print("{} cases, patch {}, batch {}, spacing {}: the same plan from both\n", peer["cases"].dump(),
             best.plan["patch_size"].dump(), best.plan["batch_size"].dump(), best.plan["spacing"].dump());
  fmt::print("peer: {}\n", peer["versions"].dump());
}

void run(const PreparationBenchmarkOptions& options) {
  if (!options.spacing.empty() && options.spacing.size() != 3)
    throw core::UserError("spacing has three entries", "benchmark preparation", "such as spacing=[0.8,0.8,0.8]");
  const WorkFolder work;
  const std::vector<int64_t> counts = counts_to_try(options);
  fmt::print(
      "from the files to the store: fingerprint, plan and preprocessing of {}; s, medvol's from the start of "
      "the program, the median of {}\n",
      options.data->string(), options.repeats);
  fmt::print("{:<28} {:>8} {:>12} {:>8} {:>12}\n", "", "all", "fingerprint", "plan", "preprocess");
  Preparation best{};
  for (const int64_t threads : counts) {
    std::vector<double> seconds;
    json plan;
    for (int64_t repeat = 0; repeat < options.repeats; ++repeat) {
      Preparation one = prepare_once(options, threads, work.path());
      seconds.push_back(one.seconds);
      plan = std::move(one.plan);
    }
    print_row("medvol, " + counted(threads, "thread", "threads"), median(seconds));
    if (best.plan.is_null() || median(seconds) < best.seconds) best = {median(seconds), std::move(plan)};
  }
  if (!options.peer.empty()) compare(options, counts, best, work.path());
}

}  // namespace

int benchmark_preparation(const Arguments& arguments) {
  const config::HelpPage page{
      "benchmark preparation",
      "How long a data set takes from its files to what training reads: `medvol prepare` from nothing and, in the "
      "python that peer= names, nnU-Net's fingerprint, plan and preprocessing of the same files by the same plan, each "
      "with several numbers of threads or processes.",
      {"medvol benchmark preparation data=/data/Task04_Hippocampus peer=.deps/peers/bin/python",
       "medvol benchmark preparation data=/data/Task04_Hippocampus spacing='[0.8,0.8,0.8]' threads='[2]'"}};
  return run_command<PreparationBenchmarkOptions>(page, arguments, PreparationBenchmarkOptions{}, run);
}

}  // namespace medvol::apps
