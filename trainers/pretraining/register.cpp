#include "trainers/pretraining/register.h"

#include "trainers/pretraining/pretraining_task.h"

namespace medvol::trainers {

void register_pretraining(TaskRegistry& registry) {
  registry.add<PretrainingOptions>("pretraining", "masked autoencoding: fills in what is hidden of unlabelled images",
                                   [](const PretrainingOptions& options, const TaskContext& context) {
                                     return std::make_unique<PretrainingTask>(options, context);
                                   });
}

}  // namespace medvol::trainers
