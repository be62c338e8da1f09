#include "trainers/mesh/register.h"

#include "trainers/mesh/mesh_refinement_task.h"

namespace medvol::trainers {

void register_mesh(TaskRegistry& registry) {
  registry.add<MeshRefinementOptions>("mesh_refinement", "surfaces of predicted label maps, moved to the reference's",
                                      [](const MeshRefinementOptions& options, const TaskContext& context) {
                                        return std::make_unique<MeshRefinementTask>(options, context);
                                      });
}

}  // namespace medvol::trainers
