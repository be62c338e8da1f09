#include "trainers/adversarial/synthesis_task.h"

#include <algorithm>

namespace medvol::trainers {
namespace {

/// From the 0.5th to the 99.5th percentile of the foreground in normalised intensities, mean over channels: what image
/// losses such as SSIM take as the range of values.
double intensity_range(const plan::Plan& plan) {
  double sum = 0;
  for (size_t channel = 0; channel < plan.normalization.size(); ++channel) {
    const plan::IntensityStatistics& known = plan.intensities.at(channel);
    const double span = known.percentile_99_5 - known.percentile_00_5;
    switch (plan.normalization[channel]) {
      case plan::Normalization::zscore:
      case plan::Normalization::ct:
        sum += span / std::max(known.standard_deviation, 1e-8);
        break;
      case plan::Normalization::none:
        sum += span;
        break;
      case plan::Normalization::rescale_to_0_1:
      case plan::Normalization::rgb_to_0_1:
        sum += 1;
        break;
    }
  }
  const double range = sum / static_cast<double>(plan.normalization.size());
  return range > 0 ? range : 1;
}

AdversarialParts parts(const SynthesisOptions& options, const TaskContext& context, const networks::TaskShape& shape,
                       std::shared_ptr<networks::Network> network) {
  const int64_t classes = context.plan.class_count();
  const auto prepare = [classes, noise = options.noise_channels,
                        execution = context.context](const StepBatch& batch) -> StepBatch {
    const auto random = execution.generator(runtime::purpose_synthesis, static_cast<uint64_t>(batch.index));
    return {synthesis_input(batch.target, classes, noise, random), batch.images, batch.index};
  };
  // Both players' images come with the label map as condition; the noise is the generator's own.
  const auto joined = [classes](const StepBatch& ready, const torch::Tensor& image) {
    return torch::cat({ready.images.narrow(1, 0, classes), image}, 1);
  };
  const std::shared_ptr<losses::ImageLoss> image_loss =
      context.image_loss({.data_range = intensity_range(context.plan), .features = {}});
  const networks::DiscriminatorShape judged{.dimensions = context.plan.dimensions,
                                            .in_channels = classes + shape.out_channels,
                                            .patch_size = context.plan.patch_size};
  return {.generator = network,
          .discriminator = context.discriminator(judged),
          .judged = judged,
          .generator_optimizer = context.optimizer(),
          .discriminator_optimizer = context.discriminator_optimizer(),
          .adversarial = context.adversarial_loss(),
          .supervised = [image_loss, weight = options.reconstruction](
                            const auto& heads,
                            const torch::Tensor& target) { return weight * (*image_loss)(heads.front(), target, {}); },
          .prepare = prepare,
          .real = [joined](const StepBatch& ready) { return joined(ready, ready.target); },
          .made = joined};
}

}  // namespace

SynthesisTask::SynthesisTask(const SynthesisOptions& options, const TaskContext& context)
    : options_(options), shape_(context.shape) {
  shape_.out_channels = shape_.in_channels;
  shape_.in_channels = context.plan.class_count() + options_.noise_channels;
  shape_.noise_channels = options_.noise_channels;
  shape_.deep_supervision = false;
  network_ = context.network(shape_);
  step_ = std::make_unique<AdversarialStep>(parts(options_, context, shape_, network_), context.plan.dimensions,
                                            context.context, options_, options_.adversary);
  source_ = context.patches();
  const auto paint = [network = network_](const torch::Tensor& x) { return network->forward(x).front(); };
  evaluator_ =
      std::make_unique<SynthesisEvaluator>(Synthesiser(paint, shape_, context.plan, context.inference, context.context),
                                           spread_evenly(context.held_out, options_.validation_cases));
  pictures_ = std::make_unique<SynthesisPictures>(*evaluator_, context.samples);
}

}  // namespace medvol::trainers
