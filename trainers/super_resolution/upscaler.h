#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <torch/types.h>

#include "framework/imaging/volume.h"
#include "framework/plan/plan.h"
#include "framework/runtime/execution_context.h"
#include "networks/network.h"
#include "trainers/inference/sliding_window.h"

namespace medvol::trainers {

/// images: [N, C, (D,) H, W]; each spatial axis `factor` times larger by linear interpolation between voxel centres,
/// the edge value outside.
torch::Tensor enlarged(const torch::Tensor& images, const std::vector<int64_t>& factors);

/// The network as a map from low to high resolution, [N, C, (D,) H, W] to each axis `factor` times larger: itself when
/// it up-samples so, else the network after `enlarged`. Throws core::UserError when it up-samples by other factors.
WindowNetwork super_resolver(std::shared_ptr<networks::Network> network, const std::vector<int64_t>& factors);

/// Whether the network makes images `factors` times larger itself (else it keeps their size). Errors as above.
bool upsamples_itself(const networks::Network& network, const std::vector<int64_t>& factors);

/// The grid with each axis (tensor order z, y, x) divided into `factors` as many voxels; the field of view stays.
imaging::Geometry finer_grid(const imaging::Geometry& grid, const std::array<int64_t, 3>& factors_zyx);

/// Whole low-resolution images through a super-resolver, window by window; intensities as the network was trained with.
class Upscaler {
 public:
  /// `network`: as of super_resolver; a 2D plan's gets slices. `plan`: of the high-resolution images; a window is its
  /// patch divided by `factors` (of the network's axes, in tensor order).
  Upscaler(WindowNetwork network, const plan::Plan& plan, const std::vector<int64_t>& factors,
           const InferenceOptions& options, const runtime::ExecutionContext& context);

  /// image: [C, D, H, W]. Returns each axis `factor` times larger, float32 on the CPU. `progress` gets [0, 1].
  torch::Tensor upscale(const torch::Tensor& image, const std::function<void(double)>& progress = {}) const;
  /// The same with its place in the patient.
  imaging::Volume upscale(const imaging::Volume& image, const std::function<void(double)>& progress = {}) const;

  const std::array<int64_t, 3>& factors_zyx() const { return factors_; }

 private:
  int64_t channels_;
  std::array<int64_t, 3> factors_;
  SlidingWindow window_;
};

}  // namespace medvol::trainers
