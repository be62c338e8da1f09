#include "trainers/inference/predictor.h"

#include "framework/imaging/resample.h"

namespace medvol::trainers {

Predictor::Predictor(WindowNetwork network, const plan::Plan& plan, const InferenceOptions& options,
                     const runtime::ExecutionContext& context)
    : labels_(plan.class_labels()),
      regions_(!plan.regions.empty()),
      window_(on_volumes(std::move(network), plan.dimensions), on_volume(plan.patch_size), plan.output_count(), options,
              context) {
  if (!regions_) return;
  labels_.clear();
  for (const plan::Region& region : plan.regions) labels_.push_back(region.painted);
}

Prediction Predictor::predict(const torch::Tensor& image, const imaging::GridTransform& transform,
                              OutputRequest request, const std::function<void(double)>& progress) const {
  const imaging::GridTransform unresampled = transform.before_resampling();
  LabelCollector collector(labels_, regions_, transform.network_geometry().size_zyx(),
                           unresampled.network_geometry().size_zyx(), request,
                           imaging::anisotropic_axis(transform.network_geometry().spacing_zyx(),
                                                     unresampled.network_geometry().spacing_zyx()));
  window_.predict(
      image, [&](int64_t begin, const torch::Tensor& logits) { collector.take(begin, logits); }, progress);
  Prediction prediction;
  const imaging::Geometry& file = transform.file_geometry();
  prediction.labels = {unresampled.restore_labels(collector.labels()), file};
  // Outside the crop every voxel is zero in all channels: background for certain.
  if (request.confidence) {
    const torch::Tensor inside = unresampled.restore_labels(collector.confidence() - 1);
    prediction.confidence = {(inside + 1).unsqueeze(0), file};
  }
  if (request.probabilities)
    prediction.probabilities = {
        unresampled.restore_probabilities(collector.probabilities(), /*first_outside=*/regions_ ? 0 : 1), file};
  return prediction;
}

}  // namespace medvol::trainers
