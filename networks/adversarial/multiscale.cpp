#include "networks/adversarial/multiscale.h"

#include <algorithm>

namespace medvol::networks {
namespace {

constexpr int64_t kLeast = 6;  // voxels: a PatchGAN can halve them once and still judge

/// Which axes of a patch are pooled; the patch becomes that small. An empty patch has no limit.
std::vector<bool> pool(std::vector<int64_t>& patch, size_t axes) {
  std::vector<bool> pooled(axes, true);
  for (size_t axis = 0; axis < patch.size(); ++axis) {
    const int64_t half = (patch[axis] + 1) / 2;
    pooled[axis] = half >= kLeast;
    if (pooled[axis]) patch[axis] = half;
  }
  return pooled;
}

/// Means over three voxels, every other one: a size s becomes ⌈s/2⌉. Voxels outside the image do not count.
torch::Tensor averaged(const torch::Tensor& x, const std::vector<bool>& pooled) {
  std::vector<int64_t> kernel, stride, padding;
  for (const bool axis : pooled) {
    kernel.push_back(axis ? 3 : 1);
    stride.push_back(axis ? 2 : 1);
    padding.push_back(axis ? 1 : 0);
  }
  return pooled.size() == 3
             ? torch::avg_pool3d(x, kernel, stride, padding, /*ceil_mode=*/false, /*count_include_pad=*/false)
             : torch::avg_pool2d(x, kernel, stride, padding, /*ceil_mode=*/false, /*count_include_pad=*/false);
}

}  // namespace

MultiscalePatchGan::MultiscalePatchGan(const MultiscaleOptions& options, const DiscriminatorShape& shape) {
  DiscriminatorShape scale = shape;
  for (int64_t i = 0; i < options.scales; ++i) {
    if (i > 0) {
      auto pooled = pool(scale.patch_size, static_cast<size_t>(shape.dimensions));
      if (std::find(pooled.begin(), pooled.end(), true) == pooled.end()) break;
      pooled_.push_back(std::move(pooled));
    }
    scales_.push_back(
        register_module(fmt::format("discriminator_{}", i), std::make_shared<PatchGan>(options.patchgan, scale)));
  }
}

Judgement MultiscalePatchGan::forward(const torch::Tensor& x) {
  Judgement judgement;
  torch::Tensor image = x;
  for (size_t i = 0; i < scales_.size(); ++i) {
    if (i > 0) image = averaged(image, pooled_[i - 1]);
    Judgement one = scales_[i]->forward(image);
    judgement.logits.push_back(one.logits.front());
    judgement.features.push_back(std::move(one.features.front()));
  }
  return judgement;
}

void MultiscalePatchGan::initialize(torch::Generator generator) { initialize_like_dcgan(*this, std::move(generator)); }

}  // namespace medvol::networks
