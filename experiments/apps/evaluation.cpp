#include "experiments/apps/evaluation.h"

#include "datasets/catalogue/voxel_file.h"
#include "framework/imaging/image_io.h"
#include "framework/runtime/progress_bar.h"
#include "reports/figures/overlay.h"

namespace medvol::apps {
namespace {

metrics::CaseResult score(const ScoredCase& one, const EvaluationJob& job,
                          const std::vector<metrics::Structure>& structures, const metrics::Policy& policy) {
  const imaging::Volume reference = one.reference.read();
  at::Tensor prediction = at::zeros_like(reference.data);
  if (one.prediction) {
    const imaging::Volume predicted = imaging::read_labels(*one.prediction);
    if (!predicted.geometry.matches(reference.geometry))
      throw core::UserError(fmt::format("lies on another grid ({}) than its reference ({})", predicted.geometry.text(),
                                        reference.geometry.text()),
                            one.prediction->string(), "predict on the images that the references belong to");
    prediction = predicted.data;
  }
  metrics::EvaluationOptions options;
  options.nsd_tolerance_mm = job.settings.nsd_tolerance;
  options.ignore_label = job.ignore_label;
  options.case_id = one.id;
  return metrics::evaluate_case(reference.data, prediction, reference.geometry, structures, policy, options);
}

reports::Picture overlay(const ScoredCase& one, const std::string& role, double dice, const EvaluationJob& job) {
  const imaging::Volume reference = one.reference.read();
  reports::Overlay picture;
  if (!one.images.empty()) picture.image = datasets::read_image_at(one.images.front()).data;
  picture.reference = reference.data;
  if (one.prediction) picture.prediction = imaging::read_labels(*one.prediction).data;
  picture.geometry = reference.geometry;
  picture.class_names = job.labels;
  picture.title = fmt::format("{} · {} · Dice {:.3f}", role, one.id, dice);
  return {
      fmt::format("The {} case, {}: mean Dice {:.3f}. Reference in green, prediction in orange.", role, one.id, dice),
      "", reports::overlay_png(picture)};
}

}  // namespace

Reference reference_file(const std::filesystem::path& file) {
  return {file.string(), [file] { return imaging::read_labels(file); }};
}

reports::Evaluation evaluate_files(const EvaluationJob& job, const std::filesystem::path& folder) {
  reports::EvaluationReport report;
  report.title = job.title;
  report.identity = job.identity;
  report.policy = metrics::policy_by_name(job.settings.policy);
  report.tolerance_mm = job.settings.nsd_tolerance;
  report.extra_tables = job.extra_tables;
  for (const auto& [label, name] : job.labels)
    if (job.regions.empty()) report.structures.push_back({name, {label}});
  for (const plan::Region& region : job.regions) report.structures.push_back({region.name, region.labels});
  {
    runtime::ProgressBar bar("evaluating");
    for (const ScoredCase& one : job.cases) {
      report.cases.push_back(score(one, job, report.structures, report.policy));
      report.files[one.id] = {one.reference.name, one.prediction ? one.prediction->string() : ""};
      bar.update(static_cast<double>(report.cases.size()) / static_cast<double>(job.cases.size()), one.id);
    }
  }
  const reports::Evaluation figures = reports::summarize_report(report);
  for (const auto& [role, index, dice] : reports::choose_cases(figures.cases))
    report.pictures.push_back(overlay(job.cases[index], role, dice, job));
  return reports::write_evaluation(folder, report);
}

void print_evaluation(const reports::Evaluation& evaluation, const std::filesystem::path& folder) {
  fmt::print("\n{}\n", reports::to_text(reports::headline_table(evaluation)));
  fmt::print("report: {}\n", (folder / "report.html").string());
}

}  // namespace medvol::apps
