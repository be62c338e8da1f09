#include "trainers/super_resolution/register.h"

#include "trainers/super_resolution/super_resolution_task.h"

namespace medvol::trainers {

void register_super_resolution(TaskRegistry& registry) {
  registry.add<SuperResolutionOptions>("super_resolution",
                                       "high-resolution images from low-resolution ones made of them",
                                       [](const SuperResolutionOptions& options, const TaskContext& context) {
                                         return std::make_unique<SuperResolutionTask>(options, context);
                                       });
}

}  // namespace medvol::trainers
