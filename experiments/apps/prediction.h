#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "experiments/apps/assembly.h"
#include "framework/dicom/series.h"
#include "trainers/inference/predictor.h"

namespace medvol::apps {

/// An examination to predict: files, one a channel, or the folder of a DICOM series.
struct PredictionInput {
  std::string id;
  std::vector<std::filesystem::path> images;
  std::optional<std::string> series;       ///< set: images holds one DICOM folder, and this names the series in it
  std::vector<std::string> previous = {};  ///< in a cascade: where the first stage's label map is to be found
};

/// What is written for a case, beside its label map.
struct PredictionFiles {
  std::filesystem::path labels;                     ///< .dcm: a DICOM segmentation, of a DICOM series only
  std::filesystem::path confidence, probabilities;  ///< empty: not written
  double probability_budget = 4e9;                  ///< bytes that the probabilities of a case may take
};

/// Whether a label map of this name is a DICOM segmentation.
bool is_dicom_segmentation(const std::filesystem::path& labels);

struct InputImage {
  imaging::Volume image;                      ///< [C, D, H, W], corrected
  std::optional<dicom::SeriesSlices> series;  ///< that it is made of, unless of files
};
InputImage read_input(const PredictionInput& input, const plan::Plan& plan);

/// Reads, preprocesses, predicts and writes one case.
void predict_case(const LoadedModel& loaded, const trainers::Predictor& predictor, const PredictionInput& input,
                  const PredictionFiles& files, const std::function<void(double)>& progress = {});

}  // namespace medvol::apps
