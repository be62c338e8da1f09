#include "trainers/adversarial/synthesiser.h"

#include <algorithm>

#include "framework/core/error.h"
#include "trainers/adversarial/label_maps.h"

namespace medvol::trainers {
namespace {

/// Streams of whole images stand apart from those of training's batches, which count up from 0.
constexpr uint64_t first_image_stream = uint64_t{1} << 62, first_deformation_stream = uint64_t{3} << 61;

InferenceOptions without_mirroring(InferenceOptions options) {
  options.mirror = false;  // the mean of eight images is a blurred one
  return options;
}

int64_t noise_channels_of(const networks::TaskShape& shape, const plan::Plan& plan) {
  if (shape.in_channels != plan.class_count() + shape.noise_channels ||
      shape.out_channels != static_cast<int64_t>(plan.normalization.size()))
    throw core::UserError(
        fmt::format("a network of {} inputs and {} outputs makes no images of {} classes and {} "
                    "channels",
                    shape.in_channels, shape.out_channels, plan.class_count(), plan.normalization.size()),
        "", "give a run of trainer=synthesis");
  return shape.noise_channels;
}

}  // namespace

torch::Tensor synthesis_input(const torch::Tensor& labels, int64_t classes, int64_t noise_channels,
                              torch::Generator random) {
  const torch::Tensor maps = class_maps(labels, classes);
  if (noise_channels == 0) return maps;
  std::vector<int64_t> size = maps.sizes().vec();
  size[1] = noise_channels;
  return torch::cat({maps, torch::randn(size, std::move(random), torch::kFloat32).to(maps.device())}, 1);
}

Synthesiser::Synthesiser(WindowNetwork network, const networks::TaskShape& shape, const plan::Plan& plan,
                         InferenceOptions inference, const runtime::ExecutionContext& context)
    : plan_(plan),
      classes_(plan.class_count()),
      noise_channels_(noise_channels_of(shape, plan)),
      context_(context),
      predictor_(std::move(network), plan, shape.out_channels, without_mirroring(inference), context) {}

torch::Tensor Synthesiser::image(const torch::Tensor& labels, uint64_t index) const {
  MEDVOL_CHECK(labels.dim() == 3, "labels of {} axes", labels.dim());
  const torch::NoGradGuard no_grad;
  std::vector<int64_t> padding, before;
  for (size_t axis = 0; axis < 3; ++axis) {
    const int64_t missing = std::max<int64_t>(0, predictor_.patch()[axis] - labels.size(static_cast<int64_t>(axis)));
    before.push_back(missing / 2);
    padding.insert(padding.begin(), {missing / 2, missing - missing / 2});
  }
  const torch::Tensor padded = torch::constant_pad_nd(labels.to(torch::kInt64), padding, 0);
  const torch::Tensor input =
      synthesis_input(padded.unsqueeze(0), classes_, noise_channels_,
                      context_.generator(runtime::purpose_synthesis, first_image_stream + index));
  torch::Tensor made = predictor_.predict(input[0]);
  for (int64_t axis = 0; axis < 3; ++axis)
    made = made.narrow(axis + 1, before[static_cast<size_t>(axis)], labels.size(axis));
  return made.contiguous();
}

MadeCase Synthesiser::make(const torch::Tensor& labels, const DeformationOptions& deformation, uint64_t index) const {
  runtime::Philox random(context_.seed, runtime::purpose_synthesis, first_deformation_stream + index);
  const std::array<double, 3> spacing{plan_.spacing.at(0), plan_.spacing.at(1), plan_.spacing.at(2)};
  const torch::Tensor deformed = deform_labels(labels, spacing, plan_.dimensions == 2, deformation, random);
  return {image(deformed, index), deformed};
}

torch::Tensor Synthesiser::raw_intensities(const torch::Tensor& image) const {
  torch::Tensor raw = image.clone();
  for (int64_t channel = 0; channel < raw.size(0); ++channel) {
    const plan::IntensityStatistics& known = plan_.intensities.at(static_cast<size_t>(channel));
    const torch::Tensor values = raw[channel];
    switch (plan_.normalization.at(static_cast<size_t>(channel))) {
      case plan::Normalization::none:
        break;
      case plan::Normalization::zscore:
      case plan::Normalization::ct:
        values.mul_(known.standard_deviation).add_(known.mean);
        break;
      case plan::Normalization::rescale_to_0_1:
        values.mul_(known.maximum - known.minimum).add_(known.minimum);
        break;
      case plan::Normalization::rgb_to_0_1:
        values.mul_(255).clamp_(0, 255);
        break;
    }
  }
  return raw;
}

}  // namespace medvol::trainers
