#include "networks/blocks/nearest_upsampling.h"

#include <ATen/ops/upsample_nearest2d.h>
#include <ATen/ops/upsample_nearest3d.h>

#include "framework/core/error.h"

namespace medvol::networks {

at::Tensor upsample_nearest(const at::Tensor& x, const std::vector<int64_t>& factors) {
  MEDVOL_CHECK(x.dim() == static_cast<int64_t>(factors.size()) + 2, "{} axes, {} factors", x.dim(), factors.size());
  const std::vector<double> scale(factors.begin(), factors.end());
  return factors.size() == 3 ? at::upsample_nearest3d(x, at::OptionalIntArrayRef(), scale)
                             : at::upsample_nearest2d(x, at::OptionalIntArrayRef(), scale);
}

}  // namespace medvol::networks
