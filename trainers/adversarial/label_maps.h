#pragma once
#include <cstdint>

#include <torch/types.h>

namespace medvol::trainers {

/// labels: [N, (D,) H, W], any integer type. Returns [N, `classes`, (D,) H, W] float32: 1 at a voxel's class; nothing
/// but zeros where the label is none of 0 … classes − 1, such as the ignore label.
torch::Tensor class_maps(const torch::Tensor& labels, int64_t classes);

}  // namespace medvol::trainers
