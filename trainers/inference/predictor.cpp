#include "trainers/inference/predictor.h"

#include "framework/imaging/resample.h"

namespace medvol::trainers {

Predictor::Predictor(WindowNetwork network, const plan::Plan& plan, const InferenceOptions& options,
                     const runtime::ExecutionContext& context)
    : classes_(plan.class_count()),
      window_(on_volumes(std::move(network), plan.dimensions), on_volume(plan.patch_size), plan.class_count(), options,
              context) {}

Prediction Predictor::predict(const torch::Tensor& image, const imaging::GridTransform& transform,
                              OutputRequest request, const std::function<void(double)>& progress) const {
  const imaging::GridTransform unresampled = transform.before_resampling();
  ArgmaxCollector collector(classes_, transform.network_geometry().size_zyx(),
                            unresampled.network_geometry().size_zyx(), request,
                            imaging::anisotropic_axis(transform.network_geometry().spacing_zyx(),
                                                      unresampled.network_geometry().spacing_zyx()));
  window_.predict(
      image.to(torch::kFloat32), [&](int64_t begin, const torch::Tensor& logits) { collector.take(begin, logits); },
      progress);
  Prediction prediction;
  const imaging::Geometry& file = transform.file_geometry();
  prediction.labels = {unresampled.restore_labels(collector.labels()), file};
  // Outside the crop every voxel is zero in all channels: background for certain.
  if (request.confidence) {
    const torch::Tensor inside = unresampled.restore_labels(collector.confidence() - 1);
    prediction.confidence = {(inside + 1).unsqueeze(0), file};
  }
  if (request.probabilities)
    prediction.probabilities = {unresampled.restore_probabilities(collector.probabilities()), file};
  return prediction;
}

}  // namespace medvol::trainers
