#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "framework/runtime/philox.h"

namespace medvol::datasets {

/// Where the loader finds a class: label → int64 [n], ascending flat indices into uint8 [D, H, W]; of a label's voxels
/// at most 10 000, or a hundredth if that is more, each equally likely (nnU-Net's `class_locations`). A label that does
/// not occur has no entry. With an ignore label, entry -1 holds voxels of every other label, background included.
std::map<int64_t, at::Tensor> foreground_voxels(const at::Tensor& labels, const std::set<int64_t>& classes,
                                                std::optional<int64_t> ignore_label, runtime::Philox draws);

}  // namespace medvol::datasets
