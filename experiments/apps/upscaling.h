#pragma once
#include <functional>

#include "experiments/apps/prediction.h"

namespace medvol::apps {

/// Super-resolves one image with a model that trainer=super_resolution made: resampled to the spacing it expects of its
/// input (the training's times its factors), enlarged, and written in the input's own intensities with the finer grid's
/// place in the patient, cropped to what is not zero and oriented to RAS.
void upscale_case(const LoadedModel& loaded, const trainers::InferenceOptions& inference, const PredictionInput& input,
                  const std::filesystem::path& output, const std::function<void(double)>& progress);

}  // namespace medvol::apps
