#pragma once
#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <memory>

#include "framework/imaging/volume.h"

namespace medvol::imaging {

/// What an image may do to come to lie on another: nothing (it is sampled on the other's grid), turn and shift, shear
/// and stretch besides, or bend.
enum class Motion { none, rigid, affine, deformable };

struct RegistrationOptions {
  int64_t iterations = 200;     ///< at most, a level
  int64_t levels = 3;           ///< of resolution, each twice as fine as the one before
  int64_t bins = 32;            ///< of the joint histogram
  double sampling = 0.2;        ///< share of the voxels, regularly spaced, that are compared; 20000 to 200000
  double control_spacing = 40;  ///< mm between control points of `deformable`
};

/// Where each point of a fixed image lies in a moving one.
class Alignment {
 public:
  /// Leaves every point where it is.
  Alignment();
  /// point and result: mm, LPS.
  std::array<double, 3> operator()(const std::array<double, 3>& point) const;
  /// Whether inverse() may be called: not of a deformable one.
  bool invertible() const;
  Alignment inverse() const;
  /// The moving image [D, H, W] float32 on the grid of the fixed one, linearly; `outside` where it does not reach.
  at::Tensor resample(const at::Tensor& moving, const Geometry& moving_grid, const Geometry& onto,
                      float outside = 0) const;

 private:
  struct Transform;
  friend Alignment register_images(const Volume&, const Volume&, Motion, const RegistrationOptions&);
  explicit Alignment(std::shared_ptr<const Transform> transform);
  std::shared_ptr<const Transform> transform_;
};

/// Seeks the motion with the largest mutual information (Mattes et al., IEEE TMI 22(1):120, 2003) of two images
/// [D, H, W] float32, of one modality or two, by ITK's registration framework v4: from the position that the headers
/// give (images of one examination share a frame of reference), rigid before affine before cubic B-splines. The same
/// result whatever the number of threads. Throws core::UserError when the images do not overlap.
Alignment register_images(const Volume& fixed, const Volume& moving, Motion motion,
                          const RegistrationOptions& options = {});

/// A stack whose slices moved between their exposures: from the middle outwards, each slice [H, W] of float32
/// [D, H, W] is turned and shifted in its plane onto its corrected neighbour, by correlation.
at::Tensor align_slices(const at::Tensor& image, const Geometry& geometry, const RegistrationOptions& options = {});

}  // namespace medvol::imaging
