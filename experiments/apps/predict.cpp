#include <algorithm>
#include <set>

#include "experiments/apps/configuration.h"
#include "experiments/apps/image_cases.h"
#include "experiments/apps/prediction.h"
#include "experiments/apps/upscaling.h"
#include "framework/core/logging.h"
#include "framework/core/nearest.h"
#include "framework/core/units.h"
#include "framework/dicom/series.h"
#include "framework/imaging/image_io.h"
#include "framework/parallel/environment.h"
#include "framework/parallel/rank_hardware.h"
#include "framework/runtime/progress_bar.h"
#include "framework/runtime/stop_signal.h"

namespace medvol::apps {
namespace {

struct PredictOptions {
  std::optional<std::filesystem::path> model, input, output;
  Weights checkpoint = Weights::automatic;
  std::vector<std::string> cases, previous;
  std::string series, format;
  bool probabilities = false, confidence = false;
  double memory_budget_gb = 4;
  std::optional<bool> mirror;
  std::optional<double> step;
  std::optional<int64_t> window_batch;
  runtime::HardwareOptions hardware;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("model", model, "run directory or exported file", config::required());
    visit("input", input,
          "an image, a folder of images (CASE.nii.gz, or CASE_0000.nii.gz a channel), or a folder with a DICOM series",
          config::required());
    visit("output", output, "folder for CASE.nii.gz; or, for one image, a file (.dcm: a DICOM segmentation)",
          config::required());
    visit("checkpoint", checkpoint,
          "which weights of a run: best by validation, last, or ema, the last moving average; auto: best, else last");
    visit("cases", cases, "predict only these; validation: those held out while the run was trained; empty: all");
    visit(
        "previous", previous,
        "of the second stage of a cascade: folder with the label maps CASE.nii.gz that the first stage predicted; for "
        "one image its file");
    visit("series", series, "which series of a DICOM folder: key, description, or the beginning of either");
    visit("format", format,
          "ending of the label maps, such as .nrrd; empty: the input's, .nii.gz for DICOM and pictures with other "
          "geometry. .dcm: a DICOM segmentation of a DICOM series, which carries the series' patient and study",
          config::one_of({"", ".nii", ".nii.gz", ".nrrd", ".mha", ".png", ".tif", ".dcm"}));
    visit("probabilities", probabilities, "also write every class's probability, CASE_probabilities");
    visit("confidence", confidence, "also write the winning class's probability, CASE_confidence");
    visit("memory_budget_gb", memory_budget_gb,
          "most memory that probabilities of a case may take; label maps and confidence need a few slices only",
          config::positive());
    visit("mirror", mirror, "average over mirrorings; unset: as validated");
    visit("step", step, "distance of windows as a share of the patch; unset: as validated",
          {.minimum = 0, .maximum = 1, .above_minimum = true});
    visit("window_batch", window_batch, "windows predicted at once; unset: as validated", config::at_least(1));
    visit("hardware", hardware, "device, precision, threads; auto and 0: as validated");
  }
};

std::vector<PredictionInput> find_inputs(const PredictOptions& options, size_t channels) {
  const std::filesystem::path input = *options.input;
  if (!std::filesystem::exists(input))
    throw core::UserError("no such file or folder", input.string(),
                          "input= takes an image, a folder of images or a DICOM folder");
  if (std::filesystem::is_regular_file(input)) {
    if (!imaging::is_image_path(input))
      throw core::UserError("is no image file", input.string(),
                            "expected .nii, .nii.gz, .nrrd, .mha, .png or .tif; for DICOM give the folder");
    return {{imaging::image_stem(input), {input}, std::nullopt}};
  }
  const std::filesystem::directory_iterator entries(input);
  if (std::none_of(begin(entries), end(entries),
                   [](const auto& entry) { return imaging::is_image_path(entry.path()); }))
    for (const auto& entry : std::filesystem::recursive_directory_iterator(input))
      if (entry.is_regular_file() && dicom::is_dicom_file(entry.path()))
        return {{input.filename().string(), {input}, options.series}};
  std::vector<PredictionInput> inputs;
  for (auto& [id, files] : image_cases(input, channels)) inputs.push_back({id, files, std::nullopt});
  return inputs;
}

void keep_wanted(std::vector<PredictionInput>& inputs, const PredictOptions& options, const LoadedModel& loaded) {
  if (options.cases.empty()) return;
  std::set<std::string> wanted(options.cases.begin(), options.cases.end());
  if (options.cases == std::vector<std::string>{"validation"}) {
    wanted = {loaded.validation_cases.begin(), loaded.validation_cases.end()};
    if (wanted.empty())
      throw core::UserError("held out no case", options.model->string(),
                            "cases=validation needs a run of fold 0 to 4, not fold=all nor an exported file");
  }
  std::vector<std::string> ids;
  for (const PredictionInput& one : inputs) ids.push_back(one.id);
  for (const std::string& id : wanted)
    if (std::find(ids.begin(), ids.end(), id) == ids.end())
      throw core::UserError("no case '" + id + "'", options.input->string(), core::did_you_mean(id, ids));
  std::erase_if(inputs, [&](const PredictionInput& one) { return !wanted.count(one.id); });
}

/// Several processes share the cases: each predicts its own, and they need not meet.
void keep_share(std::vector<PredictionInput>& inputs, const parallel::Environment& environment) {
  if (environment.size == 1) return;
  if (environment.rank != 0) spdlog::set_level(spdlog::level::warn);
  const auto [begin, end] = parallel::share_of(static_cast<int64_t>(inputs.size()), environment.rank, environment.size);
  inputs.erase(inputs.begin() + end, inputs.end());
  inputs.erase(inputs.begin(), inputs.begin() + begin);
}

/// Whether the output names a file, not a folder.
bool names_file(const std::filesystem::path& output) {
  return imaging::is_image_path(output) || is_dicom_segmentation(output);
}

/// Where a case's files go: `output` is a file for one image when it has an image's ending, else a folder. `fractions`:
/// what is written has no whole numbers, so its ending is one that can hold them.
PredictionFiles output_files(const PredictOptions& options, const PredictionInput& input, bool fractions = false) {
  const bool into_file = names_file(*options.output);
  const std::string own = input.series ? ".nii.gz" : imaging::image_ending(input.images.front());
  const std::string ending = !options.format.empty()                  ? options.format
                             : is_dicom_segmentation(*options.output) ? ".dcm"
                             : into_file                              ? imaging::image_ending(*options.output)
                             : own == ".jpg" || own == ".jpeg"        ? ".png"
                                                                      : own;
  const std::filesystem::path folder = into_file ? options.output->parent_path() : *options.output;
  const std::string stem = !into_file                               ? input.id
                           : is_dicom_segmentation(*options.output) ? options.output->stem().string()
                                                                    : imaging::image_stem(*options.output);
  // PNG and label maps of DICOM have no fractions.
  const std::string floating = ending == ".png" || ending == ".dcm" ? ".nii.gz" : ending;
  PredictionFiles files{
      folder / (stem + (fractions && !into_file ? floating : ending)), {}, {}, options.memory_budget_gb * 1e9};
  if (options.confidence) files.confidence = folder / (stem + "_confidence" + floating);
  if (options.probabilities) files.probabilities = folder / (stem + "_probabilities" + floating);
  return files;
}

void upscale_all(const PredictOptions& options, const LoadedModel& loaded, const trainers::InferenceOptions& inference,
                 const std::vector<PredictionInput>& inputs) {
  if (options.probabilities || options.confidence)
    throw core::UserError("the model makes images: it has no probabilities", options.model->string(),
                          "leave probabilities and confidence out");
  if (options.format == ".dcm" || is_dicom_segmentation(*options.output))
    throw core::UserError("the model makes images, which are no DICOM segmentation", options.model->string(),
                          "choose another format");
  const runtime::Stopwatch watch;
  runtime::ProgressBar bar("enlarging");
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (runtime::StopSignal::requested())
      throw core::Interrupted(fmt::format("stopped after {} of {} cases; those are complete", i, inputs.size()));
    upscale_case(loaded, inference, inputs[i], output_files(options, inputs[i], /*fractions=*/true).labels,
                 [&](double share) {
                   bar.update((static_cast<double>(i) + share) / static_cast<double>(inputs.size()), inputs[i].id);
                 });
  }
  bar.finish(fmt::format("{} image{} in {} → {}", inputs.size(), inputs.size() == 1 ? "" : "s",
                         core::duration_text(watch.seconds()), options.output->string()));
}

void check_makes_labels(const std::string& kind, const std::string& model) {
  if (kind == "synthesis") throw core::UserError("paints images from label maps", model, "use `medvol synthesise`");
  if (!trainers::makes_label_maps(kind))
    throw core::UserError(fmt::format("is a model of trainer={}, which predicts nothing by itself", kind), model,
                          "fine-tune it: medvol train pretrained.from=RUN");
}

void check_can_refer(const PredictionInput& input, const PredictionFiles& files) {
  if (is_dicom_segmentation(files.labels) && !input.series)
    throw core::UserError("a DICOM segmentation needs a DICOM series to refer to", input.images.front().string(),
                          "give a folder with a DICOM series, or another format");
}

void run(const PredictOptions& options) {
  const runtime::StopSignal signals;
  const parallel::Environment environment = parallel::Environment::read();
  runtime::HardwareOptions hardware = options.hardware;
  hardware.device = parallel::rank_device(hardware.device, environment);
  LoadedModel loaded = load_model(*options.model, options.checkpoint, hardware);
  loaded.context.activate();
  std::vector<PredictionInput> inputs = find_inputs(options, loaded.model.metadata.plan.channel_names.size());
  for (PredictionInput& one : inputs) one.previous = options.previous;
  keep_wanted(inputs, options, loaded);
  keep_share(inputs, environment);
  if (names_file(*options.output) && inputs.size() > 1)
    throw core::UserError("is a file, for " + std::to_string(inputs.size()) + " cases", options.output->string(),
                          "give a folder");
  trainers::InferenceOptions inference = loaded.model.metadata.inference;
  inference.mirror = options.mirror.value_or(inference.mirror);
  inference.step = options.step.value_or(inference.step);
  inference.window_batch = options.window_batch.value_or(inference.window_batch);
  if (loaded.model.metadata.kind == "super_resolution") return upscale_all(options, loaded, inference, inputs);
  check_makes_labels(loaded.model.metadata.kind, options.model->string());
  for (const PredictionInput& one : inputs) check_can_refer(one, output_files(options, one));
  const trainers::Predictor predictor(loaded.model.network, loaded.model.metadata.plan, inference, loaded.context);
  runtime::Stopwatch watch;
  runtime::ProgressBar bar("predicting");
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (runtime::StopSignal::requested())
      throw core::Interrupted(fmt::format("stopped after {} of {} cases; those are complete", i, inputs.size()));
    predict_case(loaded, predictor, inputs[i], output_files(options, inputs[i]), [&](double share) {
      bar.update((static_cast<double>(i) + share) / static_cast<double>(inputs.size()), inputs[i].id);
    });
  }
  bar.finish(fmt::format("{} case{} in {} → {}", inputs.size(), inputs.size() == 1 ? "" : "s",
                         core::duration_text(watch.seconds()), options.output->string()));
}

}  // namespace

int predict(const Arguments& arguments) {
  const config::HelpPage page{
      "predict",
      "Label maps of images, on the images' own grids, by sliding windows with Gaussian weights; larger images with a "
      "super-resolution model. The model is a run "
      "directory, or a file "
      "that `medvol export` wrote; both give the same masks. Memory stays bounded by a few slices of all classes.",
      {"medvol predict model=outputs/hippo input=data/imagesTr cases=validation output=outputs/pred",
       "medvol predict model=hippocampus.pt input=scan.nii.gz output=scan_labels.nii.gz confidence=true",
       "medvol predict model=outputs/ct input=dicom_folder series='Thorax' output=outputs/pred format=.nrrd",
       "medvol predict model=outputs/ct input=dicom_folder output=organs.dcm",
       "medvol predict model=outputs/cascade input=scans previous=outputs/low_pred output=outputs/pred"}};
  return run_command<PredictOptions>(page, plain_lists(arguments, {"cases", "previous"}), PredictOptions{}, run);
}

}  // namespace medvol::apps
