#include "experiments/apps/train_run.h"

#include "datasets/catalogue/read_case.h"
#include "datasets/loading/store_cases.h"
#include "experiments/apps/configuration.h"
#include "experiments/apps/evaluation.h"
#include "experiments/apps/export_run.h"
#include "experiments/apps/prediction.h"
#include "framework/core/logging.h"
#include "framework/core/units.h"
#include "framework/runtime/progress_bar.h"
#include "framework/runtime/stop_signal.h"
#include "framework/storage/atomic_file.h"
#include "losses/composite/deep_supervision.h"
#include "reports/figures/curves.h"
#include "trainers/session/trainer.h"

namespace medvol::apps {
namespace {

/// Redraws the learning curves whenever a validation or a checkpoint gives a pause. A failure costs a warning, not the
/// run.
class CurvesHook : public trainers::Hook {
 public:
  explicit CurvesHook(const run::RunDirectory& directory) : directory_(directory) {}
  void validated(const trainers::Progress&, const trainers::ValidationResult&) override { draw(); }
  void checkpointed(const trainers::Progress&) override { draw(); }
  void finished(const trainers::Progress&) override { draw(); }

 private:
  void draw() const {
    try {
      reports::draw_curves(storage::read_json_lines(directory_.log()), directory_.curves_png(),
                           directory_.curves_svg());
    } catch (const std::exception& error) {
      core::log_warning("curves were not drawn: {}", error.what());
    }
  }
  const run::RunDirectory& directory_;
};

std::vector<std::string> spread(const std::vector<std::string>& ids, int64_t count) {
  if (count == 0 || count >= static_cast<int64_t>(ids.size())) return ids;
  std::vector<std::string> chosen;
  for (int64_t i = 0; i < count; ++i)
    chosen.push_back(ids[static_cast<size_t>(i) * ids.size() / static_cast<size_t>(count)]);
  return chosen;
}

trainers::ValidationCases validation_cases(const PreparedExperiment& prepared, int64_t count) {
  const std::vector<std::string> ids = spread(prepared.split.validation, count);
  return {static_cast<int64_t>(ids.size()), [&prepared, ids](int64_t index) {
            const std::string& id = ids[static_cast<size_t>(index)];
            const imaging::GridTransform& transform = prepared.store.transform(id);
            return trainers::ValidationCase{id, prepared.store.image(id),
                                            datasets::read_case_labels(*prepared.dataset.find(id).label,
                                                                       prepared.dataset, transform.file_geometry())
                                                .data,
                                            transform};
          }};
}

void write_description(const run::RunDirectory& directory, const config::ResolvedConfig<ExperimentOptions>& resolved,
                       const PreparedExperiment& prepared, const run::Identity& identity) {
  storage::write_atomic(directory.config(), config::to_yaml(resolved.tree));
  config::Node overrides = config::Node::list();
  for (const std::string& text : resolved.overrides) overrides.append(config::Node::scalar(text));
  storage::write_atomic(directory.overrides(), config::to_yaml(overrides));
  plan::write_plan(directory.root() / "plan.json", prepared.plan);
  storage::write_atomic(directory.root() / "split.json",
                        nlohmann::json{{"train", prepared.split.train}, {"val", prepared.split.validation}}.dump(1));
  identity.save(directory.identity());
}

/// A resume must go on with the same data, and with the compute threads it was begun with: they decide the last digits.
void check_same_run(const run::RunDirectory& directory, const run::Identity& now) {
  const run::Identity before = run::Identity::load(directory.identity());
  if (before.data_hash != now.data_hash)
    throw core::UserError("the data set changed since this run was begun", directory.root().string(),
                          "train anew in another run.dir");
  for (const std::string& difference : before.differences(now))
    core::log_warning("this run was begun elsewhere: {}", difference);
}

void train_network(const ExperimentOptions& options, const runtime::ExecutionContext& context,
                   const PreparedExperiment& prepared, run::RunDirectory& directory) {
  std::shared_ptr<networks::Network> network = options.network.build(task_shape(prepared.plan));
  network->initialize(context.generator(runtime::purpose_weights));
  const losses::DeepSupervision loss(options.loss.build({.batch_dice = prepared.plan.batch_dice}),
                                     network->head_strides(), prepared.plan.ignore_label);
  const std::unique_ptr<trainers::Optimizer> optimizer = options.optimizer.build();
  const std::unique_ptr<trainers::Schedule> schedule = options.schedule.build();
  trainers::TrainingStep step(
      network, prepared.plan.dimensions,
      [&](const auto& heads, const torch::Tensor& labels) { return loss(heads, labels); },
      [&](torch::Tensor& parameters, torch::Tensor& gradient, double rate) {
        optimizer->step(parameters, gradient, rate);
      },
      context, options.trainer);
  datasets::TrainingSource source(datasets::training_cases(prepared.store, prepared.split.train),
                                  datasets::Augmenter(options.augmentation, prepared.plan.patch_size),
                                  prepared.plan.batch_size, options.loading, context.seed);
  const trainers::ValidationCases validation = validation_cases(prepared, options.trainer.validation_cases);
  const trainers::Predictor predictor([&](const torch::Tensor& x) { return network->forward(x).front(); },
                                      prepared.plan, options.inference, context);
  const metrics::Policy policy = metrics::policy_by_name(options.evaluation.policy);
  CurvesHook curves(directory);
  core::log_info("{}: {} training cases, {} held out; patch {}, batch {}, {} parameters; {} with {} threads, {}",
                 options.name, prepared.split.train.size(), prepared.split.validation.size(),
                 fmt::join(prepared.plan.patch_size, "×"), prepared.plan.batch_size, network->parameter_count(),
                 context.device_name, context.compute_threads, precision_text(context.precision));
  trainers::Trainer trainer(
      {step, *optimizer, *schedule, source, validation, predictor, prepared.plan, policy, directory, {&curves}},
      options.trainer);
  const trainers::Progress& progress = trainer.run();
  core::log_info("trained {} steps in {}", progress.step, core::duration_text(progress.seconds));
}

/// Predicts the held-out cases with the run's best weights, as `medvol predict` would.
void predict_held_out(const run::RunDirectory& directory, const PreparedExperiment& prepared,
                      const runtime::ExecutionContext& context, const ExperimentOptions& options) {
  runtime::HardwareOptions hardware = options.hardware;
  hardware.compute_threads = context.compute_threads;
  const LoadedModel loaded = load_model(directory.root(), Weights::automatic, hardware);
  const trainers::Predictor predictor(loaded.model.network, prepared.plan, options.inference, loaded.context);
  runtime::ProgressBar bar("predicting");
  double done = 0;
  for (const std::string& id : prepared.split.validation) {
    const datasets::Case& one = prepared.dataset.find(id);
    predict_case(loaded, predictor, {id, one.images, std::nullopt},
                 {.labels = directory.predictions() / (id + prepared.dataset.file_ending),
                  .confidence = {},
                  .probabilities = {}});
    bar.update(++done / static_cast<double>(prepared.split.validation.size()), id);
    if (runtime::StopSignal::requested())
      throw core::Interrupted(fmt::format("stopped while predicting; go on with: medvol train run.dir={} resume=true",
                                          directory.root().string()));
  }
}

reports::Evaluation evaluate_held_out(const run::RunDirectory& directory, const PreparedExperiment& prepared,
                                      const ExperimentOptions& options, const run::Identity& identity,
                                      std::vector<reports::Table> extra_tables) {
  EvaluationJob job;
  job.title = fmt::format("{}, fold {}", options.name, options.fold);
  job.identity = identity_lines(identity);
  job.labels = prepared.plan.labels;
  job.ignore_label = prepared.plan.ignore_label;
  job.settings = options.evaluation;
  job.extra_tables = std::move(extra_tables);
  for (const std::string& id : prepared.split.validation) {
    const datasets::Case& one = prepared.dataset.find(id);
    job.cases.push_back({id, *one.label, directory.predictions() / (id + prepared.dataset.file_ending), one.images});
  }
  return evaluate_files(job, directory.evaluation());
}

}  // namespace

TrainedRun train_run(const config::ResolvedConfig<ExperimentOptions>& resolved,
                     const std::function<std::vector<reports::Table>(const PreparedExperiment&)>& extra_tables,
                     const std::function<void(const run::RunPaths&, const PreparedExperiment&)>& exported) {
  const ExperimentOptions& options = resolved.options;
  const runtime::StopSignal signals;
  run::RunDirectory directory = run::RunDirectory::create(options.run.dir, options.resume);
  runtime::HardwareOptions hardware = options.hardware;
  std::optional<plan::Plan> plan;
  if (std::filesystem::exists(directory.identity())) {  // written last: all that describes the run is there
    plan = plan::read_plan(directory.root() / "plan.json");
    if (hardware.compute_threads == 0)
      hardware.compute_threads = run::Identity::load(directory.identity()).compute_threads;
  }
  const runtime::ExecutionContext context =
      runtime::ExecutionContext::resolve(hardware, static_cast<uint64_t>(options.seed));
  context.activate();
  const PreparedExperiment prepared = prepare_experiment(options, plan);
  const run::Identity identity = make_identity(options, context, prepared.store.data_hash());
  if (std::filesystem::exists(directory.identity()))
    check_same_run(directory, identity);
  else
    write_description(directory, resolved, prepared, identity);

  train_network(options, context, prepared, directory);
  TrainedRun result{directory.root(), std::nullopt};
  if (!prepared.split.validation.empty()) {
    predict_held_out(directory, prepared, context, options);
    result.evaluation = evaluate_held_out(directory, prepared, options, identity,
                                          extra_tables ? extra_tables(prepared) : std::vector<reports::Table>{});
  }
  export_run(directory.root(), Weights::automatic, directory.export_folder() / "model.pt");
  if (exported) exported(directory, prepared);
  return result;
}

}  // namespace medvol::apps
