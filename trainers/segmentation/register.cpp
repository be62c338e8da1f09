#include "trainers/segmentation/register.h"

#include "trainers/segmentation/segmentation_task.h"

namespace medvol::trainers {

void register_segmentation(TaskRegistry& registry) {
  registry.add<SegmentationOptions>("segmentation", "label maps from images, supervised",
                                    [](const SegmentationOptions& options, const TaskContext& context) {
                                      return std::make_unique<SegmentationTask>(options, context);
                                    });
}

}  // namespace medvol::trainers
