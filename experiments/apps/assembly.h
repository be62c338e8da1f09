#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "datasets/preprocessing/case_store.h"
#include "experiments/apps/experiment_options.h"
#include "experiments/apps/task_shape.h"
#include "framework/parallel/group.h"
#include "framework/run/identity.h"
#include "trainers/inference/bundle.h"

namespace medvol::apps {

/// A data set that is ready to train on.
struct PreparedExperiment {
  datasets::DatasetDescription dataset;
  datasets::Split split;
  plan::Plan plan;
  std::vector<plan::Plan> other_plans;  ///< nnU-Net's other configurations; none where the plan was given
  datasets::CaseStore store;
  std::optional<datasets::CaseStore> synthetic;  ///< cases that are mixed into training
};

/// Reads the data set, plans (or takes `given`, the plan of a run that is resumed) and prepares it, each step with its
/// progress. Throws core::UserError for whatever is wrong with the data.
PreparedExperiment prepare_experiment(const ExperimentOptions& options,
                                      const std::optional<plan::Plan>& given = std::nullopt);
/// The same for the ranks of a group: the first plans and prepares, the others then open what it made. Where the
/// folder of prepared data is not seen by all machines, each prepares its own beforehand (`medvol prepare`).
PreparedExperiment prepare_together(const ExperimentOptions& options, const std::optional<plan::Plan>& given,
                                    parallel::Group& group);

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
  networks::TaskShape shape;
  trainers::BundleMetadata metadata;
  std::vector<std::string> validation_cases;
};
TrainedNetwork load_trained_network(const std::filesystem::path& run, Weights weights);

/// Parameters and buffers of a run, by the network's own names.
std::map<std::string, torch::Tensor> trained_weights(const run::RunPaths& run, Weights weights);

/// Fills a network with what fits it of a run directory's weights, a safetensors or a .pt file, and logs every miss.
/// Throws core::UserError when nothing fits.
void load_pretrained(networks::Network& network, const std::filesystem::path& from);

}  // namespace medvol::apps
