#pragma once
#include <cstdint>
#include <vector>

#include "framework/plan/plan.h"

namespace medvol::plan {

/// Elements of all feature maps that one sample of size `patch_size` (plan order) leaves in a U-Net of this topology:
/// every convolution's output, every transposed convolution's, and the finest segmentation head of `class_count`
/// channels. nnU-Net's proxy of memory (`compute_conv_feature_map_size` of PlainConvUNet or ResidualEncoderUNet without
/// deep supervision): its planner compares it with 560e6 (3D) or 85e6 (2D), which stand for 8 GB.
int64_t feature_map_count(const Topology& topology, const std::vector<int64_t>& patch_size, int64_t class_count);

}  // namespace medvol::plan
