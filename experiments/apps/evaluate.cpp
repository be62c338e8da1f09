#include <set>

#include "datasets/catalogue/dataset_json.h"
#include "experiments/apps/configuration.h"
#include "experiments/apps/evaluation.h"
#include "experiments/apps/image_cases.h"
#include "experiments/apps/version.h"
#include "framework/imaging/image_io.h"

namespace medvol::apps {
namespace {

struct EvaluateOptions : EvaluationSettings {
  std::optional<std::filesystem::path> reference, prediction;
  std::filesystem::path output, images;
  std::map<std::string, int64_t> labels;
  std::optional<int64_t> ignore_label;
  std::vector<std::string> cases;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("reference", reference, "folder of reference label maps, or one file", config::required());
    visit("prediction", prediction, "folder of predicted label maps with the same file names, or one file",
          config::required());
    visit("output", output,
          "folder for summary.json, cases.csv, report.md and report.html; empty: <prediction>/evaluation");
    visit("images", images,
          "folder of the images, for overlays in the report; empty: imagesTr or imagesTs beside the references");
    visit(
        "labels", labels,
        "foreground classes, {name: label, ...}; empty: classes or regions of the dataset.json beside the references, "
        "else every label that occurs");
    visit("ignore_label", ignore_label, "reference voxels of this label count nowhere");
    visit("cases", cases,
          "score only these ids; empty: every reference, and one without prediction is a miss; predicted: those with a "
          "prediction");
    EvaluationSettings::fields(visit);
  }
};

/// Labels, regions and ignore label of the data set that the references belong to, where a dataset.json says them.
void read_declared(const std::filesystem::path& reference, EvaluationJob& job) {
  const std::filesystem::path root =
      std::filesystem::is_directory(reference) ? reference.parent_path() : reference.parent_path().parent_path();
  if (!std::filesystem::exists(root / "dataset.json")) return;
  datasets::DatasetDescription declared;
  datasets::read_declarations(datasets::read_dataset_json(root), root / "dataset.json", declared);
  job.labels = declared.labels;
  job.regions = declared.regions;
  if (!job.ignore_label) job.ignore_label = declared.ignore_label;
}

std::map<int64_t, std::string> labels_that_occur(const std::vector<ScoredCase>& cases, std::optional<int64_t> ignore) {
  std::map<int64_t, std::string> labels;
  for (const ScoredCase& one : cases) {
    const at::Tensor values = std::get<0>(at::_unique(one.reference.read().data));
    for (int64_t i = 0; i < values.numel(); ++i)
      if (const int64_t label = values[i].item<int64_t>(); label > 0 && label != ignore)
        labels[label] = std::to_string(label);
  }
  return labels;
}

std::filesystem::path images_folder(const EvaluateOptions& options) {
  if (!options.images.empty()) return options.images;
  const std::filesystem::path reference = *options.reference;
  std::string name = reference.filename().string();
  if (const size_t at = name.find("labels"); at != std::string::npos) {
    const std::filesystem::path beside = reference.parent_path() / name.replace(at, 6, "images");
    if (std::filesystem::is_directory(beside)) return beside;
  }
  return {};
}

std::vector<ScoredCase> pair_files(const EvaluateOptions& options) {
  if (std::filesystem::is_regular_file(*options.reference))
    return {{imaging::image_stem(*options.reference), reference_file(*options.reference), *options.prediction, {}}};
  const std::map<std::string, std::filesystem::path> references = label_files(*options.reference),
                                                     predictions = label_files(*options.prediction);
  const std::filesystem::path folder = images_folder(options);
  const std::map<std::string, std::vector<std::filesystem::path>> images =
      folder.empty() ? std::map<std::string, std::vector<std::filesystem::path>>{} : image_cases(folder, 1);
  const bool only_predicted = options.cases == std::vector<std::string>{"predicted"};
  const std::set<std::string> wanted(options.cases.begin(), options.cases.end());
  std::vector<ScoredCase> cases;
  for (const auto& [id, file] : references) {
    const auto predicted = predictions.find(id);
    if (only_predicted ? predicted == predictions.end() : !wanted.empty() && !wanted.count(id)) continue;
    ScoredCase one{id, reference_file(file), std::nullopt, {}};
    if (predicted != predictions.end()) one.prediction = predicted->second;
    if (const auto found = images.find(id); found != images.end()) one.images = found->second;
    cases.push_back(std::move(one));
  }
  if (!only_predicted)
    for (const std::string& id : wanted)
      if (!references.count(id))
        throw core::UserError("no reference of case '" + id + "'", options.reference->string(),
                              "cases= takes ids of reference files");
  if (cases.empty())
    throw core::UserError("no case to score", options.reference->string(),
                          "it holds no label map, or none of those asked for");
  return cases;
}

void run(const EvaluateOptions& options) {
  for (const auto& path : {*options.reference, *options.prediction})
    if (!std::filesystem::exists(path)) throw core::UserError("no such file or folder", path.string());
  EvaluationJob job;
  job.title = "Evaluation of " + options.prediction->filename().string();
  job.identity = {{"medvol", program_version()},
                  {"commit", git_commit()},
                  {"references", options.reference->string()},
                  {"predictions", options.prediction->string()}};
  job.settings = options;
  job.ignore_label = options.ignore_label;
  for (const auto& [name, label] : options.labels) job.labels[label] = name;
  if (job.labels.empty()) read_declared(*options.reference, job);
  job.cases = pair_files(options);
  if (job.labels.empty()) job.labels = labels_that_occur(job.cases, job.ignore_label);
  const std::filesystem::path beside =
      std::filesystem::is_directory(*options.prediction) ? *options.prediction : options.prediction->parent_path();
  const std::filesystem::path folder = options.output.empty() ? beside / "evaluation" : options.output;
  print_evaluation(evaluate_files(job, folder), folder);
}

}  // namespace

int evaluate(const Arguments& arguments) {
  const config::HelpPage page{
      "evaluate",
      "Scores predicted label maps against references: Dice, IoU, accuracy, precision, recall, specificity, volume "
      "difference, HD, HD95, "
      "ASSD and NSD in millimetres, per case and class, under a named policy that every table prints. A reference "
      "without a prediction is "
      "a miss and counts as one.",
      {"medvol evaluate reference=data/labelsTr prediction=outputs/pred cases=predicted",
       "medvol evaluate reference=a.nii.gz prediction=b.nii.gz labels='{liver: 1, spleen: 2}' policy=monai"}};
  return run_command<EvaluateOptions>(page, plain_lists(arguments, {"cases"}), EvaluateOptions{}, run);
}

}  // namespace medvol::apps
