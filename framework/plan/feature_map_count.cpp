#include "framework/plan/feature_map_count.h"

#include "framework/core/error.h"

namespace medvol::plan {

int64_t feature_map_count(const Topology& topology, const std::vector<int64_t>& patch_size, int64_t class_count) {
  const size_t stages = topology.features_per_stage.size();
  MEDVOL_CHECK(stages >= 2 && topology.strides.size() == stages &&
                   topology.convolutions_per_stage_encoder.size() == stages &&
                   topology.convolutions_per_stage_decoder.size() == stages - 1,
               "a topology of {} stages has lists of other lengths", stages);
  int64_t count = 0;
  std::vector<int64_t> size = patch_size;
  for (size_t stage = 0; stage < stages; ++stage) {
    MEDVOL_CHECK(topology.strides[stage].size() == size.size(), "stage {} has {} strides for {} axes", stage,
                 topology.strides[stage].size(), size.size());
    int64_t voxels = 1;
    for (size_t axis = 0; axis < size.size(); ++axis) {
      size[axis] /= topology.strides[stage][axis];
      voxels *= size[axis];
    }
    const int64_t map = voxels * topology.features_per_stage[stage];
    count += topology.convolutions_per_stage_encoder[stage] * map * (topology.residual_encoder ? 2 : 1);
    // A residual encoder has a stem, and a projection around the first block of a stage that changes size or width.
    if (topology.residual_encoder) count += map;
    if (stage + 1 == stages) continue;          // the bottleneck has no decoder stage
    const size_t decoder = stages - 2 - stage;  // decoder stages are listed coarsest first
    count += (topology.convolutions_per_stage_decoder[decoder] + 1) * map;
    if (stage == 0) count += voxels * class_count;
  }
  return count;
}

}  // namespace medvol::plan
