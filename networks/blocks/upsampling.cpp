#include "networks/blocks/upsampling.h"

#include <ATen/ops/upsample_bilinear2d.h>
#include <ATen/ops/upsample_trilinear3d.h>

#include "framework/core/error.h"

namespace medvol::networks {

at::Tensor upsample_linear(const at::Tensor& x, const std::vector<int64_t>& factors) {
  MEDVOL_CHECK(x.dim() == static_cast<int64_t>(factors.size()) + 2, "{} axes, {} factors", x.dim(), factors.size());
  const std::vector<double> scale(factors.begin(), factors.end());
  return factors.size() == 3 ? at::upsample_trilinear3d(x, at::OptionalIntArrayRef(), /*align_corners=*/false, scale)
                             : at::upsample_bilinear2d(x, at::OptionalIntArrayRef(), /*align_corners=*/false, scale);
}

}  // namespace medvol::networks
