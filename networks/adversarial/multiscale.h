#pragma once
#include <vector>

#include "framework/config/fields.h"
#include "networks/adversarial/patchgan.h"

namespace medvol::networks {

struct MultiscaleOptions {
  int64_t scales = 3;
  PatchGanOptions patchgan{.normalization = CriticNormalization::instance};

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("scales", scales, "PatchGANs, each on an image half as large as the one before it; fewer on small patches",
          config::positive());
    patchgan.fields(visit);
  }
};

/// pix2pixHD's multi-scale discriminator (Wang et al., CVPR 2018): PatchGANs of the same options on the image, on the
/// image averaged to its half, and so on, finest first. An axis is pooled only while six voxels or more remain, and a
/// scale at which no axis could be pooled is left out. Named `discriminator_0` … as in MONAI's
/// MultiScalePatchDiscriminator, which gives all of them the full image and the later ones more layers instead.
class MultiscalePatchGan : public Discriminator {
 public:
  MultiscalePatchGan(const MultiscaleOptions& options, const DiscriminatorShape& shape);
  Judgement forward(const torch::Tensor& x) override;
  void initialize(torch::Generator generator) override;

 private:
  std::vector<std::vector<bool>> pooled_;  ///< which axes, before each scale but the first
  std::vector<std::shared_ptr<PatchGan>> scales_;
};

}  // namespace medvol::networks
