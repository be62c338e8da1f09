#include "datasets/catalogue/read_case.h"
#include "experiments/apps/configuration.h"
#include "experiments/apps/evaluation.h"
#include "experiments/apps/prediction.h"
#include "experiments/apps/train_run.h"
#include "framework/core/units.h"
#include "framework/runtime/stopwatch.h"
#include "framework/storage/file_error.h"
#include "trainers/classical/otsu.h"

namespace medvol::apps {
namespace {

/// A finished or broken-off demo is made anew; anything else in the folder is left alone (the run directory refuses
/// it).
void clear_previous_demo(const std::filesystem::path& directory) {
  const run::RunPaths paths(directory);
  if (!paths.holds_run() || !std::filesystem::exists(paths.config())) return;
  if (read_run_configuration(paths).options.name == "demo") std::filesystem::remove_all(directory);
}

/// What thresholds can do on the same held-out cases: multi-level Otsu, each class its best band's largest component.
std::vector<reports::Table> otsu_baseline(const PreparedExperiment& prepared, const EvaluationSettings& settings) {
  trainers::OtsuBaseline baseline(prepared.plan.class_count());
  for (const std::string& id : prepared.split.train) {
    const datasets::Case& one = prepared.dataset.find(id);
    const imaging::Volume image = datasets::read_case_image(one.images, 1);
    baseline.learn(image.data, datasets::read_case_labels(one, prepared.dataset, image.geometry).data);
  }
  const metrics::Policy policy = metrics::policy_by_name(settings.policy);
  std::vector<metrics::Structure> structures;
  for (const plan::Region& one : prepared.plan.structures()) structures.push_back({one.name, one.labels});
  reports::EvaluationReport report;
  report.title = "Otsu";
  report.policy = policy;
  report.structures = structures;
  metrics::EvaluationOptions options;
  options.nsd_tolerance_mm = settings.nsd_tolerance;
  for (const std::string& id : prepared.split.validation) {
    const datasets::Case& one = prepared.dataset.find(id);
    const imaging::Volume image = datasets::read_case_image(one.images, 1);
    const imaging::Volume reference = datasets::read_case_labels(one, prepared.dataset, image.geometry);
    const at::Tensor found = baseline.predict(image.data);
    options.case_id = id;
    report.cases.push_back(
        metrics::evaluate_case(reference.data, found, reference.geometry, structures, policy, options));
  }
  reports::Table table = reports::headline_table(reports::summarize_report(report));
  table.caption = "Without learning: multi-level Otsu thresholds, largest component";
  return {table};
}

/// Predicts the held-out cases with the exported file alone and compares the written label maps byte for byte.
size_t check_exported(const run::RunPaths& run, const PreparedExperiment& prepared) {
  const LoadedModel exported = load_model(run.export_folder() / "model.pt", Weights::automatic, {});
  exported.context.activate();
  const trainers::Predictor predictor(exported.model.network, exported.model.metadata.plan,
                                      exported.model.metadata.inference, exported.context);
  const std::filesystem::path folder = run.export_folder() / "predictions";
  for (const std::string& id : prepared.split.validation) {
    const std::string name = id + prepared.dataset.file_ending;
    predict_case(exported, predictor, {id, prepared.dataset.find(id).images, std::nullopt},
                 {.labels = folder / name, .confidence = {}, .probabilities = {}});
    if (storage::read_bytes(folder / name) != storage::read_bytes(run.predictions() / name))
      throw core::UserError("the exported model gives another mask than the program that trained it",
                            (folder / name).string());
  }
  return prepared.split.validation.size();
}

}  // namespace

int demo(const Arguments& arguments) {
  const config::HelpPage page{"demo",
                              "The main job on made data, in a few minutes on two cores: writes a phantom data set of "
                              "small abdomens as NIfTI files, trains a 3D U-Net on it, "
                              "predicts and evaluates held-out cases on their own grids, writes the report, exports "
                              "the model, runs the exported file and "
                              "checks that it gives the same masks. Takes every option of `medvol train`.",
                              {"medvol demo", "medvol demo trainer.max_time=5m run.dir=/tmp/demo"}};
  config::CommandLine line = config::parse_command_line(arguments);
  line.overrides.insert(line.overrides.begin(), "experiment=demo");
  const config::ConfigSource source{conf_folder(), "config"};
  if (const auto text = config::answer(line, source, page, ExperimentOptions{})) return fmt::print("{}", *text), 0;
  const runtime::Stopwatch watch;
  const auto resolved = config::resolve(line, source, ExperimentOptions{});
  clear_previous_demo(resolved.options.run.dir);
  size_t compared = 0;
  const TrainedRun trained = train_run(
      resolved,
      {.tables =
           [&](const PreparedExperiment& prepared) { return otsu_baseline(prepared, resolved.options.evaluation); },
       .exported = [&](const run::RunPaths& run,
                       const PreparedExperiment& prepared) { compared = check_exported(run, prepared); },
       .clock = watch});
  if (!trained.leads) return 0;
  const run::RunPaths paths(trained.directory);
  print_evaluation(*trained.evaluation, paths.evaluation());
  fmt::print(
      "exported model: {}: same masks, byte for byte, on {} cases\nlook at: {} (curves.png, predictions/, "
      "evaluation/report.html)\ntook {}\n",
      (paths.export_folder() / "model.pt").string(), compared, paths.root().string(),
      core::duration_text(watch.seconds()));
  return 0;
}

}  // namespace medvol::apps
