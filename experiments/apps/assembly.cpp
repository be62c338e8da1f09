#include "experiments/apps/assembly.h"

#include "datasets/catalogue/splits.h"
#include "datasets/planning/fingerprint.h"
#include "experiments/apps/configuration.h"
#include "experiments/apps/version.h"
#include "framework/core/logging.h"
#include "framework/core/units.h"
#include "framework/run/run_directory.h"
#include "framework/runtime/progress_bar.h"
#include "framework/storage/checksum.h"
#include "framework/storage/file_error.h"
#include "framework/storage/tensor_archive.h"
#include "networks/weights/named_weights.h"

namespace medvol::apps {
namespace {

/// A progress bar for work that counts.
datasets::ProgressCallback counting(runtime::ProgressBar& bar) {
  return [&bar](int64_t done, int64_t total) {
    bar.update(total ? static_cast<double>(done) / static_cast<double>(total) : 1,
               fmt::format("{} of {} cases", done, total));
  };
}

plan::Plan make_plan(const datasets::DatasetDescription& dataset, const ExperimentOptions& options) {
  runtime::ProgressBar bar("reading the data set");
  const datasets::Fingerprint fingerprint =
      datasets::extract_fingerprint(dataset, {.threads = options.prepare.threads}, counting(bar));
  return datasets::make_plan(dataset, fingerprint, options.plan);
}

/// One folder for each data set and way of preparing it, so that two experiments never overwrite each other's.
std::filesystem::path store_path(const ExperimentOptions& options, const datasets::DatasetDescription& dataset,
                                 const plan::Plan& plan) {
  const std::string what = fmt::format("{}|{}|{}", std::filesystem::weakly_canonical(dataset.root).string(),
                                       plan.configuration, fmt::join(plan.spacing, ","));
  return options.prepare.folder /
         fmt::format("{}_{}_{}.h5", dataset.name, plan.configuration, storage::checksum(what).substr(0, 8));
}

std::vector<std::string> read_validation_cases(const std::filesystem::path& run) {
  const auto json = nlohmann::json::parse(storage::read_bytes(run / "split.json"));
  return json.at("val").get<std::vector<std::string>>();
}

/// The archive and the prefix under which it keeps the weights asked for.
std::pair<storage::TensorArchive, std::string> read_weights(const std::filesystem::path& checkpoints, Weights weights) {
  const auto archive = [&](const char* name) {
    return storage::read_tensor_archive(checkpoints / fmt::format("{}.safetensors", name));
  };
  if (weights == Weights::automatic)
    weights = std::filesystem::exists(checkpoints / "best.safetensors") ? Weights::best : Weights::last;
  if (weights == Weights::best) return {archive("best"), "weights/"};
  storage::TensorArchive last = archive("last");
  if (weights == Weights::last) return {std::move(last), "weights/"};
  if (last.tensors.lower_bound("average/") == last.tensors.end() ||
      last.tensors.lower_bound("average/")->first.rfind("average/", 0) != 0)
    throw core::UserError("the run kept no moving average", checkpoints.string(),
                          "use checkpoint=last or best; trainer.ema_decay keeps one");
  return {std::move(last), "average/"};
}

}  // namespace

PreparedExperiment prepare_experiment(const ExperimentOptions& options, const std::optional<plan::Plan>& given) {
  const runtime::Stopwatch watch;
  datasets::DatasetDescription dataset = options.dataset.build()->describe();
  datasets::Split split = datasets::make_split(dataset, options.fold);
  plan::Plan plan = given ? *given : make_plan(dataset, options);
  const std::filesystem::path store = store_path(options, dataset, plan);
  runtime::ProgressBar bar("preparing");
  datasets::PreparedDataset prepared = datasets::prepare(dataset, plan, store, options.prepare, counting(bar));
  bar.finish(fmt::format("{}: {} cases, {} prepared now, {} reused, in {} ({})", dataset.name, dataset.cases.size(),
                         prepared.prepared.size(), prepared.reused, store.string(),
                         core::duration_text(watch.seconds())));
  return {std::move(dataset), std::move(split), std::move(plan), std::move(prepared.store)};
}

networks::TaskShape task_shape(const plan::Plan& plan) {
  return {.dimensions = plan.dimensions,
          .in_channels = static_cast<int64_t>(plan.channel_names.size()),
          .out_channels = plan.class_count(),
          .deep_supervision = true,
          .features_per_stage = plan.topology.features_per_stage,
          .kernel_sizes = plan.topology.kernel_sizes,
          .strides = plan.topology.strides,
          .convolutions_per_stage_encoder = plan.topology.convolutions_per_stage_encoder,
          .convolutions_per_stage_decoder = plan.topology.convolutions_per_stage_decoder};
}

run::Identity make_identity(const ExperimentOptions& options, const runtime::ExecutionContext& context,
                            const std::string& data_hash) {
  run::Identity identity;
  identity.program_version = program_version();
  identity.git_commit = git_commit();
  identity.torch_version = TORCH_VERSION;
  identity.device = context.device.str();
  identity.device_name = context.device_name;
  identity.cpu = runtime::cpu_name();
  identity.compute_threads = static_cast<int>(context.compute_threads);
  identity.precision = precision_text(context.precision);
  identity.data_hash = data_hash;
  identity.seed = static_cast<uint64_t>(options.seed);
  return identity;
}

std::vector<std::pair<std::string, std::string>> identity_lines(const run::Identity& identity) {
  return {{"medvol", identity.program_version},
          {"commit", identity.git_commit},
          {"LibTorch", identity.torch_version},
          {"device", identity.device_name},
          {"compute threads", std::to_string(identity.compute_threads)},
          {"precision", identity.precision},
          {"seed", std::to_string(identity.seed)},
          {"data hash", identity.data_hash}};
}

config::EnumNames<Weights> enum_names(Weights) {
  return {{"auto", Weights::automatic}, {"best", Weights::best}, {"last", Weights::last}, {"ema", Weights::ema}};
}

TrainedNetwork load_trained_network(const std::filesystem::path& run, Weights weights) {
  const run::RunPaths paths(run);
  if (!paths.holds_run())
    throw core::UserError("holds no run of medvol", run.string(), "give a run directory or an exported file");
  const ExperimentOptions options = read_run_configuration(paths).options;
  const run::Identity identity = run::Identity::load(paths.identity());
  const plan::Plan plan = plan::read_plan(run / "plan.json");
  std::shared_ptr<networks::Network> network = options.network.build(task_shape(plan));
  const auto [archive, prefix] = read_weights(paths.checkpoints(), weights);
  std::map<std::string, torch::Tensor> named;
  for (const auto& [name, tensor] : archive.tensors)
    if (name.rfind(prefix, 0) == 0) named.emplace(name.substr(prefix.size()), tensor);
  networks::load_named_weights(*network, named, paths.checkpoints().string());
  network->eval();
  return {network,
          {.plan = plan,
           .inference = options.inference,
           .compute_threads = identity.compute_threads,
           .precision = identity.precision,
           .version = identity.program_version,
           .run = identity.data_hash + " seed " + std::to_string(identity.seed)},
          read_validation_cases(run)};
}

LoadedModel load_model(const std::filesystem::path& model, Weights weights, const runtime::HardwareOptions& hardware) {
  LoadedModel loaded;
  const auto resolve = [&](const trainers::BundleMetadata& metadata) {
    runtime::HardwareOptions wanted = hardware;
    if (wanted.precision == runtime::Precision::automatic)
      wanted.precision = parse_precision(metadata.precision, model.string());
    if (wanted.compute_threads == 0) wanted.compute_threads = metadata.compute_threads;
    return runtime::ExecutionContext::resolve(wanted, 0);
  };
  if (std::filesystem::is_directory(model)) {
    TrainedNetwork trained = load_trained_network(model, weights);
    loaded.context = resolve(trained.metadata);
    trained.network->to(loaded.context.device);
    loaded.model = {std::move(trained.metadata),
                    [network = trained.network](const torch::Tensor& x) { return network->forward(x).front(); }};
    loaded.validation_cases = std::move(trained.validation_cases);
  } else {
    loaded.context = runtime::ExecutionContext::resolve(hardware, 0);
    loaded.model = trainers::load_torchscript(model, loaded.context.device);
    loaded.context = resolve(loaded.model.metadata);
  }
  return loaded;
}

}  // namespace medvol::apps
