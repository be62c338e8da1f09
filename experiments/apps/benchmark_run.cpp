#include "experiments/apps/benchmark_run.h"

#include <chrono>
#include <numeric>

#include "experiments/apps/benchmark_support.h"
#include "experiments/apps/configuration.h"
#include "experiments/apps/run_program.h"
#include "framework/core/error.h"
#include "framework/run/run_directory.h"

namespace medvol::apps {
namespace {

using nlohmann::json;

double now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

std::filesystem::path run_folder(const TrainingJob& job) { return job.work / "run"; }

std::filesystem::path data_folder(const TrainingJob& job) {
  return job.data.empty() ? job.work / "phantom" : std::filesystem::canonical(job.data);
}

std::vector<std::string> words_of(const TrainingJob& job) {
  std::vector<std::string> words{"medvol",
                                 "train",
                                 "fold=all",
                                 "trainer.max_epochs=null",
                                 "prepare.folder=" + (job.work / "prepared").string(),
                                 "run.dir=" + run_folder(job).string(),
                                 "hardware.device=" + job.hardware.device,
                                 "hardware.precision=" + choice_name(job.hardware.precision),
                                 fmt::format("hardware.compute_threads={}", job.hardware.compute_threads),
                                 fmt::format("plan.base_features={}", job.features),
                                 fmt::format("plan.batch_size={}", job.batch),
                                 fmt::format("trainer.max_steps={}", job.steps)};
  const std::vector<std::string> data =
      job.data.empty() ? std::vector<std::string>{"dataset=phantom", "dataset.root=" + data_folder(job).string()}
                       : dataset_words(job.data);
  words.insert(words.end(), data.begin(), data.end());
  return words;
}

TrainingFigures figures(const std::vector<json>& log, double launched) {
  TrainingFigures result;
  double started = 0, first_step_ended = 0;
  for (const json& record : log) {
    if (record.at("event") == "start") {
      started = record.at("time");
      for (const auto& [part, key] : {std::pair{"configuration", "configuration_s"},
                                      {"data set and store", "data_s"},
                                      {"network and loader", "network_s"}})
        result.start.emplace_back(part, record.at(key).get<double>());
    } else if (record.at("event") == "step") {
      if (result.steps.empty()) first_step_ended = record.at("time");
      result.steps.push_back(record.at("step_s"));
      result.waits.push_back(record.at("load_s"));
    }
  }
  MEDVOL_CHECK(!result.steps.empty() && result.start.size() == 3, "the run's log tells of no step");
  const double known = std::accumulate(result.start.begin(), result.start.end(), 0.0,
                                       [](double sum, const auto& part) { return sum + part.second; });
  result.start.insert(result.start.begin(), {"process and libraries", started - launched - known});
  result.start.emplace_back("first checkpoint", first_step_ended - result.steps.front() - started);
  result.start.emplace_back("first batch", result.waits.front());
  result.start.emplace_back("first step", result.steps.front() - result.waits.front());
  return result;
}

}  // namespace

TrainingFigures train_once(const TrainingJob& job) {
  std::filesystem::remove_all(run_folder(job));
  const std::vector<std::string> words = words_of(job);
  const double launched = now();
  if (run_program(words, {job.work / "printed", job.work / "errors"}) != 0) {
    print_end_of(job.work / "errors");
    throw core::UserError("medvol train failed: its message is above", data_folder(job).string());
  }
  return figures(run::open_run(run_folder(job)).log, launched);
}

plan::Plan plan_of(const TrainingJob& job) { return plan::read_plan(run_folder(job) / "plan.json"); }

TrainingPeer::TrainingPeer(std::filesystem::path python, const TrainingJob& job, const plan::Plan& plan)
    : python_(std::move(python)), job_(job) {
  run_peer(python_, "training_peer.py", job_.work,
           {{"task", "prepare"}, {"data", data_folder(job_).string()}, {"plans", plan::to_json(plan)}});
}

TrainingFigures TrainingPeer::train_once() {
  const double launched = now();
  const json peer = run_peer(python_, "training_peer.py", job_.work, {{"task", "train"}, {"steps", job_.steps}});
  versions_ = peer.at("versions");
  parameters_ = peer.at("parameters");
  TrainingFigures result;
  result.steps = peer.at("seconds").get<std::vector<double>>();
  result.waits = peer.at("waits").get<std::vector<double>>();
  const double imported = peer.at("moments").at("imported"), ready = peer.at("moments").at("ready");
  result.start = {{"Python and imports", imported - launched},
                  {"trainer and first batch", ready - imported + result.waits.front()},
                  {"first step", result.steps.front() - result.waits.front()}};
  return result;
}

}  // namespace medvol::apps
