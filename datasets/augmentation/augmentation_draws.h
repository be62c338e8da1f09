#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "datasets/augmentation/augmentation_options.h"
#include "datasets/augmentation/source_patch.h"
#include "framework/runtime/philox.h"

namespace medvol::datasets {

/// Shifts of control points, z, y and x of each in voxels: [3, points z, y, x]; none: not bent.
struct ElasticDraws {
  Index3 points{};
  std::vector<float> shifts;
};

/// A Gaussian window over the patch; in voxels along z, y, x, the middle of the first voxel at 0.
struct WindowDraws {
  std::array<double, 3> centre{}, width{};
};

/// A box in the patch.
struct BoxDraws {
  Index3 begin{}, size{};
};

/// The patient moved at a time, as a share of the scan: `matrix` and `shift` (in voxels; z, y, x) lead from the moved
/// image to the resting one, about the patch centre.
struct Movement {
  double time = 0;
  std::array<std::array<double, 3>, 3> matrix{};
  std::array<double, 3> shift{};
};

/// K-space is filled along `axis`; each movement opens a new part of it, and part `resting` shows the resting patient.
struct MotionDraws {
  size_t axis = 0;
  int64_t resting = 0;
  std::vector<Movement> movements;
};

/// Every n-th plane of k-space along the axis is weakened by this share; 0: none.
struct GhostingDraws {
  size_t axis = 0;
  int64_t every = 0;
  double weakened = 0;
};

/// A wrong value in k-space: how many times the largest one, and where, as shares of the axes.
struct SpikeDraws {
  double ratio = 0;
  std::array<double, 3> place{};
};

struct AnisotropyDraws {
  size_t axis = 0;
  double thickness = 1;  ///< of a slice, in voxels
};

/// What one channel of a sample undergoes. A value that changes nothing says that the step did not fire.
struct ChannelDraws {
  std::array<double, 3> blur_sigma{};  ///< voxels along z, y, x; 0: not along this axis
  int64_t median = 1;                  ///< edge of the neighbourhood in voxels
  double brightness = 1;
  double brightness_shift = 0;
  double contrast = 1;
  bool keep_range = true;     ///< of contrast
  double low_resolution = 1;  ///< size of the coarser grid as a share of the patch
  double gamma_inverted = 1;
  double gamma = 1;
  std::vector<BoxDraws> cut_out;
  double gradient = 0;  ///< height of the window that is added
  WindowDraws gradient_window;
  double local_gamma = 1;
  WindowDraws local_gamma_window;
  double sharpening = 0;
  MotionDraws motion;
  GhostingDraws ghosting;
  SpikeDraws spike;
  AnisotropyDraws anisotropy;
  /// Coefficients of the bias field's logarithm, of z^k y^j x^i at (k (n + 1) + j) (n + 1) + i for the order n.
  std::vector<double> bias;
  std::vector<double> histogram;  ///< heights of the curve, from 0 to 1, over evenly standing points
};

/// Everything random of one sample's augmentation, apart from its execution: a pure function of (specification, random
/// stream), so that engines on the CPU and on a device do the same from the same draws.
struct AugmentationDraws {
  bool interpolate = false;  ///< rotation or scaling fired; else the patch is the plain centre crop
  /// Output offset from the patch centre → source offset from the box centre, in voxels, both z, y, x.
  std::array<std::array<double, 3>, 3> matrix{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  ElasticDraws elastic;  ///< added to the output offset before `matrix`, in the patch's own axes (see elastic.h)
  /// Then axes are put in another order and mirrored: voxel o of the patch is voxel p of the output of `matrix`, with
  /// p[order[axis]] = o[axis], counted from the other end where mirror[axis].
  std::array<size_t, 3> order{0, 1, 2};
  std::array<bool, 3> mirror{};
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
  std::vector<size_t> exchangeable;  ///< equally long axes, for right angles and transposition; empty: there are none

  /// Of the patch: 2D has no z.
  size_t first_axis() const { return dimensions == 2 ? 1 : 0; }
};

/// `patch_size`: z, y, x, or y, x in 2D. Throws core::UserError for ranges that are the wrong way round or axes that do
/// not exist. The box is nnU-Net's enlarged patch (compute_initial_patch_size.py): the bounding box of the patch
/// rotated by the limit about one axis at a time, divided by 0.85.
AugmentationSpecification specify(const AugmentationOptions& options, const std::vector<int64_t>& patch_size);

/// Reuses `into`'s memory.
void draw(const AugmentationSpecification& specification, int64_t channels, runtime::Philox& random,
          AugmentationDraws& into);

}  // namespace medvol::datasets
