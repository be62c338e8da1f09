#include "networks/super_resolution/pixel_shuffle.h"

#include "framework/core/error.h"

namespace medvol::networks {
namespace {

int64_t product(const std::vector<int64_t>& factors) { return c10::multiply_integers(factors); }

}  // namespace

torch::Tensor pixel_shuffle(const torch::Tensor& x, const std::vector<int64_t>& factors) {
  const auto axes = static_cast<int64_t>(factors.size());
  const int64_t channels = x.sizes()[1] / product(factors);  // of the network, not of the image: it may be a constant
  MEDVOL_CHECK(x.dim() == axes + 2 && channels * product(factors) == x.sizes()[1], "{} axes, {} channels", x.dim(),
               x.sizes()[1]);
  std::vector<int64_t> split{channels}, order{0, 1};
  split.insert(split.end(), factors.begin(), factors.end());
  for (int64_t axis = 0; axis < axes; ++axis) {
    order.push_back(2 + axes + axis);  // the axis, and within each of its voxels
    order.push_back(2 + axis);         // the sub-voxels
  }
  torch::Tensor y = x.unflatten(1, split).permute(order);
  // Flattened, not viewed as a size: a trace must hold for every size.
  for (int64_t axis = axes - 1; axis >= 0; --axis) y = y.flatten(2 + 2 * axis, 3 + 2 * axis);
  return y;
}

torch::Tensor pixel_unshuffle(const torch::Tensor& x, const std::vector<int64_t>& factors) {
  const auto axes = static_cast<int64_t>(factors.size());
  MEDVOL_CHECK(x.dim() == axes + 2, "{} axes, {} factors", x.dim(), axes);
  torch::Tensor y = x;
  std::vector<int64_t> order{0, 1}, voxels;
  for (int64_t axis = axes - 1; axis >= 0; --axis) y = y.unflatten(2 + axis, {-1, factors[static_cast<size_t>(axis)]});
  for (int64_t axis = 0; axis < axes; ++axis) {
    order.push_back(3 + 2 * axis);
    voxels.push_back(2 + 2 * axis);
  }
  order.insert(order.end(), voxels.begin(), voxels.end());
  return y.permute(order).flatten(1, 1 + axes);
}

void share_subpixel_kernels(torch::Tensor weight, int64_t count) {
  const torch::NoGradGuard no_grad;
  weight.copy_(weight.slice(0, 0, weight.size(0), count).repeat_interleave(count, 0));
}

}  // namespace medvol::networks
