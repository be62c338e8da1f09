#include "experiments/apps/prediction.h"

#include "datasets/catalogue/read_case.h"
#include "datasets/preprocessing/preprocess_case.h"
#include "framework/dicom/series.h"
#include "framework/imaging/image_io.h"

namespace medvol::apps {
namespace {

imaging::Volume read_input(const PredictionInput& input, size_t channels) {
  if (input.series)
    return dicom::read_series(input.images.front(), input.series->empty() ? std::nullopt : input.series);
  return datasets::read_case_image(input.images, channels);
}

}  // namespace

void predict_case(const LoadedModel& loaded, const trainers::Predictor& predictor, const PredictionInput& input,
                  const PredictionFiles& files, const std::function<void(double)>& progress) {
  const plan::Plan& plan = loaded.model.metadata.plan;
  const imaging::Volume image = read_input(input, plan.channel_names.size());
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
