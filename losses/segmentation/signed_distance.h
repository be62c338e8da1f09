#pragma once
#include <vector>

#include <torch/types.h>

namespace medvol::losses {

/// Exact Euclidean distance of every voxel to the nearest one on the other side of the object's surface: positive
/// outside, negative inside, 0 everywhere where the object is absent or fills the grid. object: [N, K, (D,) H, W] bool;
/// spacing: along (z,) y, x, empty for voxels. Computed on the CPU in double; returned as `like`.
torch::Tensor signed_distance(const torch::Tensor& object, const std::vector<double>& spacing,
                              const torch::Tensor& like);

}  // namespace medvol::losses
