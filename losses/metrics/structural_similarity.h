#pragma once
#include <vector>

#include <torch/types.h>
#include "framework/config/fields.h"

namespace medvol::metrics {

struct SsimOptions {
  int64_t window = 11;
  double sigma = 1.5, k1 = 0.01, k2 = 0.03;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("window", window, "voxels along each axis of the Gaussian window, odd", config::at_least(1));
    visit("sigma", sigma, "standard deviation of the Gaussian window in voxels", config::positive());
    visit("k1", k1, "steadies the luminance, as a share of the data range", config::positive());
    visit("k2", k2, "steadies contrast and structure, as a share of the data range", config::positive());
  }
};

/// Structural similarity in every window that lies wholly within the image (Wang et al., IEEE TIP 2004): with the
/// window's Gaussian means μ, variances σ² and covariance σ_xy (of the population: Σ g = 1), C_i = (k_i L)²,
///   contrast = (2 σ_xy + C2) / (σ_x² + σ_y² + C2),  similarity = contrast · (2 μ_x μ_y + C1) / (μ_x² + μ_y² + C1)
struct SsimMaps {
  torch::Tensor similarity, contrast;  ///< [N, C, …], each axis window - 1 shorter than the image
};

/// x, y: [N, C, (D,) H, W] of one floating type, in which all is computed, autocast or not; differentiable. The window
/// is 2D for 2D images and 3D for 3D ones. data_range: L, largest minus smallest value that counts. Throws
/// core::UserError for an even window and for an image smaller than the window.
SsimMaps ssim_maps(const torch::Tensor& x, const torch::Tensor& y, double data_range, const SsimOptions& options);

/// The part of an image that the windows' centres cover: [N, C, …] → each axis window - 1 shorter.
torch::Tensor window_centers(const torch::Tensor& image, int64_t window);

/// The next scale of MS-SSIM: means of 2 voxels along every axis, the odd last one left out. [N, C, …].
torch::Tensor half_resolution(const torch::Tensor& image);

/// Weights of MS-SSIM's scales, finest first (Wang, Simoncelli and Bovik, Asilomar 2003): the published five, or the
/// first of them, scaled to sum 1, where `smallest_axis` voxels hold a window at fewer scales; at least one.
std::vector<double> ms_ssim_weights(int64_t smallest_axis, int64_t window);

}  // namespace medvol::metrics
