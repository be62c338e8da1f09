#include "trainers/adversarial/segmentation_gan_task.h"

#include "framework/core/error.h"
#include "trainers/adversarial/label_maps.h"

namespace medvol::trainers {

config::EnumNames<Pairing> enum_names(Pairing) { return {{"joined", Pairing::joined}, {"masked", Pairing::masked}}; }

torch::Tensor pair_with_image(const torch::Tensor& image, const torch::Tensor& maps, Pairing pairing) {
  if (pairing == Pairing::joined) return torch::cat({image, maps}, 1);
  const torch::Tensor foreground = maps.narrow(1, 1, maps.size(1) - 1);
  return (image.unsqueeze(2) * foreground.unsqueeze(1)).flatten(1, 2);
}

int64_t paired_channels(int64_t image_channels, int64_t classes, Pairing pairing) {
  return pairing == Pairing::joined ? image_channels + classes : image_channels * (classes - 1);
}

torch::Tensor reference_maps(const torch::Tensor& labels, int64_t classes, double label_smoothing) {
  const torch::Tensor maps = class_maps(labels, classes);
  if (label_smoothing == 0) return maps;
  const torch::Tensor counted = maps.sum(1, /*keepdim=*/true);
  return (1 - label_smoothing) * maps + label_smoothing / static_cast<double>(classes) * counted;
}

namespace {

AdversarialParts parts(const SegmentationGanOptions& options, const TaskContext& context,
                       const networks::TaskShape& shape, std::shared_ptr<networks::Network> network) {
  const int64_t classes = shape.out_channels;
  const Pairing pairing = options.pairing;
  const auto real = [=, smoothing = options.label_smoothing](const StepBatch& ready) {
    return pair_with_image(ready.images, reference_maps(ready.target, classes, smoothing), pairing);
  };
  const auto made = [=, ignores = context.plan.ignore_label.has_value()](const StepBatch& ready,
                                                                         const torch::Tensor& logits) {
    torch::Tensor maps = logits.softmax(1);
    if (ignores) maps = maps * class_maps(ready.target, classes).sum(1, /*keepdim=*/true);
    return pair_with_image(ready.images, maps, pairing);
  };
  const networks::DiscriminatorShape judged{.dimensions = context.plan.dimensions,
                                            .in_channels = paired_channels(shape.in_channels, classes, pairing),
                                            .patch_size = context.plan.patch_size};
  return {.generator = network,
          .discriminator = context.discriminator(judged),
          .judged = judged,
          .generator_optimizer = context.optimizer(),
          .discriminator_optimizer = context.discriminator_optimizer(),
          .adversarial = context.adversarial_loss(),
          .supervised = context.objective(*network),
          .prepare = {},
          .real = real,
          .made = made};
}

}  // namespace

SegmentationGanTask::SegmentationGanTask(const SegmentationGanOptions& options, const TaskContext& context)
    : options_(options), shape_(context.shape) {
  if (!context.plan.regions.empty())
    throw core::UserError("the discriminator judges classes, and this data set has regions", "trainer",
                          "use trainer=segmentation with loss=dice_bce");
  network_ = context.network(shape_);
  step_ = std::make_unique<AdversarialStep>(parts(options_, context, shape_, network_), context.plan.dimensions,
                                            context.context, options_, options_.adversary);
  source_ = context.patches();
  evaluator_ = segmentation_evaluator(context, network_, options_.validation_cases);
}

}  // namespace medvol::trainers
