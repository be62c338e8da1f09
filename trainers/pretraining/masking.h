#pragma once
#include <cstdint>
#include <vector>

#include <torch/types.h>

#include "framework/runtime/philox.h"

namespace medvol::trainers {

/// Which voxels are hidden: the grid is divided into cubes of edge `cube`, those at the far ends cut off, and
/// round(ratio · cubes) of them, at least one and not all, are drawn without replacement.
/// size: of the grid, in tensor order. Returns float32 of that size: 1 hidden, 0 seen.
torch::Tensor cube_mask(const std::vector<int64_t>& size, int64_t cube, double ratio, runtime::Philox& random);

}  // namespace medvol::trainers
