#include "experiments/apps/prediction.h"

#include "datasets/correction/correct_image.h"
#include "datasets/preprocessing/preprocess_case.h"
#include "datasets/preprocessing/previous_labels.h"
#include "experiments/apps/version.h"
#include "framework/core/units.h"
#include "framework/dicom/segmentation_write.h"
#include "framework/imaging/image_io.h"

namespace medvol::apps {
namespace {

/// Probabilities are held on the grid before resampling and once more on the file's: label maps and confidence need
/// only a few slices of all classes.
void check_memory(const imaging::Geometry& grid, int64_t classes, double budget, const std::string& where) {
  const double bytes = 2.0 * sizeof(float) * static_cast<double>(classes * grid.size[0] * grid.size[1] * grid.size[2]);
  if (bytes > budget)
    throw core::UserError(
        fmt::format("its probabilities need about {}, more than memory_budget_gb allows ({})",
                    core::bytes_text(static_cast<uint64_t>(bytes)), core::bytes_text(static_cast<uint64_t>(budget))),
        where, "raise memory_budget_gb, or ask for confidence=true instead");
}

void write_map(const std::filesystem::path& path, const imaging::Volume& map, const InputImage& input,
               const trainers::BundleMetadata& model) {
  if (!is_dicom_segmentation(path)) return imaging::write_labels(path, map);
  std::vector<dicom::Segment> segments;
  for (const auto& [value, name] : model.plan.labels) segments.push_back({value, name});
  MEDVOL_CHECK(input.series, "{}: a segmentation of no series", path.string());
  dicom::write_segmentation(path, map, segments, *input.series, {"medvol " + model.network, program_version()});
}

}  // namespace

bool is_dicom_segmentation(const std::filesystem::path& labels) { return labels.extension() == ".dcm"; }

InputImage read_input(const PredictionInput& input, const plan::Plan& plan) {
  if (!input.series)
    return {datasets::read_corrected_image(input.images, plan.channel_names.size(), plan.corrections), std::nullopt};
  dicom::SeriesSlices slices =
      dicom::find_slices(input.images.front(), input.series->empty() ? std::nullopt : input.series);
  return {datasets::corrected(dicom::read_series(slices), plan.corrections), std::move(slices)};
}

void predict_case(const LoadedModel& loaded, const trainers::Predictor& predictor, const PredictionInput& input,
                  const PredictionFiles& files, const std::function<void(double)>& progress) {
  const plan::Plan& plan = loaded.model.metadata.plan;
  const InputImage read = read_input(input, plan);
  const imaging::Volume& image = read.image;
  if (!files.probabilities.empty())
    check_memory(image.geometry, plan.output_count(), files.probability_budget, input.images.front().string());
  datasets::PreprocessedCase ready;
  try {
    ready = datasets::preprocess_case(image, std::nullopt, plan);
  } catch (const core::UserError& error) {
    throw core::UserError(error.what(), input.images.front().string());
  }
  if (plan.is_cascade())
    ready.image = datasets::with_previous_stage(
        ready.image,
        datasets::read_previous_labels(datasets::previous_labels_of(input.id, input.previous), ready.transform, plan),
        plan.previous_labels());
  const trainers::Prediction prediction = predictor.predict(
      ready.image, ready.transform,
      {.confidence = !files.confidence.empty(), .probabilities = !files.probabilities.empty()}, progress);
  if (!files.confidence.empty()) imaging::write_image(files.confidence, prediction.confidence);
  if (!files.probabilities.empty()) imaging::write_image(files.probabilities, prediction.probabilities);
  write_map(files.labels, prediction.labels, read, loaded.model.metadata);
}

}  // namespace medvol::apps
