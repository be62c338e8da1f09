#include "trainers/adversarial/register.h"

#include "trainers/adversarial/segmentation_gan_task.h"
#include "trainers/adversarial/synthesis_task.h"

namespace medvol::trainers {

void register_adversarial(TaskRegistry& registry) {
  registry.add<SegmentationGanOptions>("adversarial_segmentation", "a segmenter against a discriminator",
                                       [](const SegmentationGanOptions& options, const TaskContext& context) {
                                         return std::make_unique<SegmentationGanTask>(options, context);
                                       });
  registry.add<SynthesisOptions>("synthesis", "images from label maps, against a discriminator",
                                 [](const SynthesisOptions& options, const TaskContext& context) {
                                   return std::make_unique<SynthesisTask>(options, context);
                                 });
}

}  // namespace medvol::trainers
