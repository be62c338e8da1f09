#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "framework/plan/plan.h"
#include "framework/runtime/execution_context.h"

namespace medvol::apps {

/// Whole trainings, each in a process of its own: what `benchmark training` and `benchmark startup` start.
struct TrainingJob {
  std::filesystem::path data;        ///< in the Decathlon's or nnU-Net's layout; empty: the phantom
  int64_t features = 32, batch = 0;  ///< plan.base_features, plan.batch_size
  int64_t steps = 1;
  runtime::HardwareOptions hardware;
  std::filesystem::path work;  ///< where data are prepared and runs written
};

/// Seconds.
struct TrainingFigures {
  /// From launch to the end of the first step, in order, with the name of each part.
  std::vector<std::pair<std::string, double>> start;
  std::vector<double> steps, waits;  ///< of each step: all of it, and until it had its batch
};

/// `medvol train` by nnU-Net's recipe on all cases.
TrainingFigures train_once(const TrainingJob& job);
/// The plan of the last run.
plan::Plan plan_of(const TrainingJob& job);

/// nnU-Net's trainer on the same data, prepared by nnU-Net for `plan`, of the last run.
class TrainingPeer {
 public:
  TrainingPeer(std::filesystem::path python, const TrainingJob& job, const plan::Plan& plan);
  TrainingFigures train_once();
  const nlohmann::json& versions() const { return versions_; }
  std::string name() const { return "nnunetv2 " + versions_.at("nnunetv2").get<std::string>(); }
  int64_t parameters() const { return parameters_; }

 private:
  std::filesystem::path python_;
  TrainingJob job_;
  nlohmann::json versions_;
  int64_t parameters_ = 0;
};

}  // namespace medvol::apps
