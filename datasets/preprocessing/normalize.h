#pragma once
#include <ATen/core/Tensor.h>

#include "framework/plan/plan.h"

namespace medvol::datasets {

/// Normalises one channel [D, H, W] float32 in place, as nnU-Net's normaliser of that name:
///   zscore          (x − mean) / max(sd, 1e-8), of all voxels, or of those in `mask` only (the others stay)
///   ct              clip to the foreground's percentiles 0.5 and 99.5, then by the foreground's mean and sd
///   rescale_to_0_1  (x − min) / max(max − min, 1e-8)
///   rgb_to_0_1      x / 255
/// `mask`: bool [D, H, W], or undefined for all voxels. Sums run in double, in voxel order.
/// Throws core::UserError when rgb_to_0_1 meets a value outside 0 … 255.
void normalize(at::Tensor& channel, plan::Normalization how, const plan::IntensityStatistics& statistics,
               const at::Tensor& mask);

}  // namespace medvol::datasets
