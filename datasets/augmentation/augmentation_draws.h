#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "datasets/augmentation/augmentation_options.h"
#include "datasets/augmentation/source_patch.h"
#include "framework/runtime/philox.h"

namespace medvol::datasets {

/// What one channel of a sample undergoes. A value that changes nothing says that the step did not fire.
struct ChannelDraws {
  std::array<double, 3> blur_sigma{};  ///< voxels along z, y, x; 0: not along this axis
  double brightness = 1;
  double contrast = 1;
  double low_resolution = 1;  ///< size of the coarser grid as a share of the patch
  double gamma_inverted = 1;
  double gamma = 1;
};

/// Everything random of one sample's augmentation, apart from its execution: a pure function of (specification, random
/// stream), so that engines on the CPU and on a device do the same from the same draws.
struct AugmentationDraws {
  bool interpolate = false;  ///< rotation or scaling fired; else the patch is the plain centre crop
  /// Output offset from the patch centre → source offset from the box centre, in voxels, both z, y, x.
  std::array<std::array<double, 3>, 3> matrix{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  std::array<bool, 3> mirror{};  ///< along z, y, x; applied to the output of `matrix`
  double noise_sigma = 0;
  uint64_t noise_key = 0;  ///< see noise.h: voxel i of channel c gets the same value on every engine
  std::vector<ChannelDraws> channels;
};

/// The options made definite for one patch size: what the unset options mean, which axes take part.
struct AugmentationSpecification {
  AugmentationOptions options;
  int64_t dimensions = 3;     ///< of the network: 2 or 3
  Index3 patch_size{};        ///< of the output; z = 1 in 2D
  Index3 source_size{};       ///< of the box it is taken from
  bool in_plane = false;      ///< 2D or dummy-2D: rotation, scaling and low resolution leave the z axis alone
  double rotation_limit = 0;  ///< radians
  std::array<bool, 3> mirror_axes{};
};

/// `patch_size`: z, y, x, or y, x in 2D. Throws core::UserError for ranges that are the wrong way round or axes that do
/// not exist. The box is nnU-Net's enlarged patch (compute_initial_patch_size.py): the bounding box of the patch
/// rotated by the limit about one axis at a time, divided by 0.85.
AugmentationSpecification specify(const AugmentationOptions& options, const std::vector<int64_t>& patch_size);

/// Reuses `into`'s memory.
void draw(const AugmentationSpecification& specification, int64_t channels, runtime::Philox& random,
          AugmentationDraws& into);

}  // namespace medvol::datasets
