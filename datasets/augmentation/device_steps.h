#pragma once
#include <vector>

#include "datasets/augmentation/device_upload.h"
#include "datasets/augmentation/packed_patch.h"

namespace medvol::datasets {

/// The steps after the spatial part that were drawn for a batch, in the specification's order; their numbers are put
/// into `upload`. The same formulas as on the CPU, as tensor operations on the rows that a step chooses.
std::vector<DeviceStep> device_steps(const AugmentationSpecification& specification,
                                     const std::vector<PackedPatch>& samples, DeviceUpload& upload);

}  // namespace medvol::datasets
