#include "trainers/inference/image_predictor.h"

#include "framework/core/error.h"

namespace medvol::trainers {
namespace {

std::array<int64_t, 3> patch_zyx(const plan::Plan& plan) {
  if (plan.dimensions == 2) return {1, plan.patch_size.at(0), plan.patch_size.at(1)};
  return {plan.patch_size.at(0), plan.patch_size.at(1), plan.patch_size.at(2)};
}

WindowNetwork on_volumes(WindowNetwork network, int64_t dimensions) {
  if (dimensions == 3) return network;
  return [network = std::move(network)](const torch::Tensor& x) { return network(x.squeeze(2)).unsqueeze(2); };
}

}  // namespace

ImagePredictor::ImagePredictor(WindowNetwork network, const plan::Plan& plan, int64_t channels,
                               const InferenceOptions& options, const runtime::ExecutionContext& context)
    : channels_(channels),
      patch_(patch_zyx(plan)),
      window_(on_volumes(std::move(network), plan.dimensions), patch_, channels, options, context) {}

torch::Tensor ImagePredictor::predict(const torch::Tensor& image) const {
  MEDVOL_CHECK(image.dim() == 4, "an image of {} axes", image.dim());
  torch::Tensor made = torch::empty({channels_, image.size(1), image.size(2), image.size(3)});
  window_.predict(image.to(torch::kFloat32), [&](int64_t begin, const torch::Tensor& slices) {
    made.narrow(1, begin, slices.size(1)).copy_(slices);
  });
  return made;
}

}  // namespace medvol::trainers
