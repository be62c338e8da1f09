#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "datasets/preprocessing/case_store.h"
#include "experiments/apps/experiment_options.h"
#include "framework/run/identity.h"
#include "trainers/inference/bundle.h"

namespace medvol::apps {

/// A data set that is ready to train on.
struct PreparedExperiment {
  datasets::DatasetDescription dataset;
  datasets::Split split;
  plan::Plan plan;
  datasets::CaseStore store;
};

/// Reads the data set, plans (or takes `given`, the plan of a run that is resumed) and prepares it, each step with its
/// progress. Throws core::UserError for whatever is wrong with the data.
PreparedExperiment prepare_experiment(const ExperimentOptions& options,
                                      const std::optional<plan::Plan>& given = std::nullopt);

/// What a network must fit, from the plan.
networks::TaskShape task_shape(const plan::Plan& plan);

run::Identity make_identity(const ExperimentOptions& options, const runtime::ExecutionContext& context,
                            const std::string& data_hash);
/// For report headers: version, commit, device, seed, data hash, as pairs of name and value.
std::vector<std::pair<std::string, std::string>> identity_lines(const run::Identity& identity);

/// Which weights of a run to predict with.
enum class Weights { automatic, best, last, ema };
config::EnumNames<Weights> enum_names(Weights);

/// A trained network with what belongs to it, from a run directory or an exported file.
struct LoadedModel {
  trainers::Model model;
  runtime::ExecutionContext context;  ///< device as asked for; precision and threads as the model was validated with
  std::vector<std::string> validation_cases;  ///< held out while it was trained; empty for an exported file
};

/// `model`: run directory or exported file. `automatic` weights: the best where there was a validation, else the last.
/// `hardware.precision: auto` and `compute_threads: 0` take what the model was validated with.
LoadedModel load_model(const std::filesystem::path& model, Weights weights, const runtime::HardwareOptions& hardware);

/// The network of a run with its weights on the CPU, in evaluation mode, and the run's metadata.
struct TrainedNetwork {
  std::shared_ptr<networks::Network> network;
  trainers::BundleMetadata metadata;
  std::vector<std::string> validation_cases;
};
TrainedNetwork load_trained_network(const std::filesystem::path& run, Weights weights);

}  // namespace medvol::apps
