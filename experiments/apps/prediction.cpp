#include "experiments/apps/prediction.h"

#include "datasets/catalogue/read_case.h"
#include "datasets/preprocessing/preprocess_case.h"
#include "framework/core/units.h"
#include "framework/dicom/series.h"
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

}  // namespace

imaging::Volume read_input(const PredictionInput& input, size_t channels) {
  if (input.series)
    return dicom::read_series(input.images.front(), input.series->empty() ? std::nullopt : input.series);
  return datasets::read_case_image(input.images, channels);
}

void predict_case(const LoadedModel& loaded, const trainers::Predictor& predictor, const PredictionInput& input,
                  const PredictionFiles& files, const std::function<void(double)>& progress) {
  const plan::Plan& plan = loaded.model.metadata.plan;
  const imaging::Volume image = read_input(input, plan.channel_names.size());
  if (!files.probabilities.empty())
    check_memory(image.geometry, plan.output_count(), files.probability_budget, input.images.front().string());
  datasets::PreprocessedCase ready;
  try {
    ready = datasets::preprocess_case(image, std::nullopt, plan);
  } catch (const core::UserError& error) {
    throw core::UserError(error.what(), input.images.front().string());
  }
  const trainers::Prediction prediction = predictor.predict(
      ready.image, ready.transform,
      {.confidence = !files.confidence.empty(), .probabilities = !files.probabilities.empty()}, progress);
  if (!files.confidence.empty()) imaging::write_image(files.confidence, prediction.confidence);
  if (!files.probabilities.empty()) imaging::write_image(files.probabilities, prediction.probabilities);
  imaging::write_labels(files.labels, prediction.labels);
}

}  // namespace medvol::apps
