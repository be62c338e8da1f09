#include "trainers/inference/image_predictor.h"

#include "framework/core/error.h"

namespace medvol::trainers {

ImagePredictor::ImagePredictor(WindowNetwork network, const plan::Plan& plan, int64_t channels,
                               const InferenceOptions& options, const runtime::ExecutionContext& context)
    : channels_(channels),
      patch_(on_volume(plan.patch_size)),
      window_(on_volumes(std::move(network), plan.dimensions), patch_, channels, options, context) {}

torch::Tensor ImagePredictor::predict(const torch::Tensor& image) const {
  MEDVOL_CHECK(image.dim() == 4, "an image of {} axes", image.dim());
  torch::Tensor made = torch::empty({channels_, image.size(1), image.size(2), image.size(3)});
  window_.predict(
      image, [&](int64_t begin, const torch::Tensor& slices) { made.narrow(1, begin, slices.size(1)).copy_(slices); });
  return made;
}

}  // namespace medvol::trainers
