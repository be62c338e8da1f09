#pragma once
#include <torch/types.h>
#include "losses/metrics/structural_similarity.h"

/// Likeness of a whole image to a reference. Images are of one channel, [D, H, W] or [H, W], of any type, and are
/// compared in float64 on the CPU; mask: same shape, bool, the voxels that count (undefined: all). data_range is the
/// largest minus the smallest intensity that counts: of the reference's kind of image, never of the one at hand, or
/// figures of two images cannot be compared. Functions throw core::UserError for a data range that is not above 0.
namespace medvol::metrics {

/// Peak signal-to-noise ratio in dB, 10 log10(L² / MSE): infinity for equal images, NaN where the mask is empty.
double psnr(const torch::Tensor& image, const torch::Tensor& reference, double data_range,
            const torch::Tensor& mask = {});

/// Mean structural similarity of the windows that lie within the image and whose centre is in the mask (Wang et al.
/// 2004); as scikit-image's with gaussian_weights=True and use_sample_covariance=False, and MONAI's. NaN where no
/// centre is in the mask. Throws core::UserError for an image smaller than the window.
double ssim(const torch::Tensor& image, const torch::Tensor& reference, double data_range,
            const torch::Tensor& mask = {}, const SsimOptions& options = {});

/// Multi-scale structural similarity (Wang, Simoncelli and Bovik 2003): the product over scales, each half the one
/// before, of the mean contrast term, and of the mean similarity at the coarsest one, with powers ms_ssim_weights; a
/// negative mean counts as 0. Errors as ssim.
double ms_ssim(const torch::Tensor& image, const torch::Tensor& reference, double data_range,
               const torch::Tensor& mask = {}, const SsimOptions& options = {});

}  // namespace medvol::metrics
