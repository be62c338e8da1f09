#include "trainers/super_resolution/upscaler.h"

#include <algorithm>

#include <fmt/ranges.h>

#include "framework/core/error.h"

namespace medvol::trainers {
namespace {

std::array<int64_t, 3> low_patch(const plan::Plan& plan, const std::array<int64_t, 3>& factors) {
  std::array<int64_t, 3> patch = on_volume(plan.patch_size);
  for (size_t axis = 0; axis < 3; ++axis) patch[axis] = std::max<int64_t>(1, patch[axis] / factors[axis]);
  return patch;
}

}  // namespace

torch::Tensor enlarged(const torch::Tensor& images, const std::vector<int64_t>& factors) {
  std::vector<int64_t> size = images.sizes().slice(2).vec();
  MEDVOL_CHECK(size.size() == factors.size(), "{} factors of {} axes", factors.size(), size.size());
  for (size_t axis = 0; axis < size.size(); ++axis) size[axis] *= factors[axis];
  return size.size() == 2 ? torch::upsample_bilinear2d(images, size, /*align_corners=*/false)
                          : torch::upsample_trilinear3d(images, size, /*align_corners=*/false);
}

bool upsamples_itself(const networks::Network& network, const std::vector<int64_t>& factors) {
  const std::vector<int64_t> own = network.upsampling();
  if (std::all_of(own.begin(), own.end(), [](int64_t factor) { return factor == 1; })) return false;
  if (own != factors)
    throw core::UserError(
        fmt::format("enlarges by {}, the trainer by {}", fmt::join(own, "×"), fmt::join(factors, "×")), "network",
        "let trainer.factors and the network's own options agree");
  return true;
}

WindowNetwork super_resolver(std::shared_ptr<networks::Network> network, const std::vector<int64_t>& factors) {
  if (upsamples_itself(*network, factors))
    return [network = std::move(network)](const torch::Tensor& x) { return network->forward(x).front(); };
  return [network = std::move(network), factors](const torch::Tensor& x) {
    return network->forward(enlarged(x, factors)).front();
  };
}

imaging::Geometry finer_grid(const imaging::Geometry& grid, const std::array<int64_t, 3>& factors_zyx) {
  imaging::Geometry fine = grid;
  for (size_t axis = 0; axis < 3; ++axis) {  // x, y, z
    const auto factor = static_cast<double>(factors_zyx[2 - axis]);
    fine.size[axis] = grid.size[axis] * factors_zyx[2 - axis];
    fine.spacing[axis] = grid.spacing[axis] / factor;
    // The first voxel's centre moves from the old voxel's to that of its first part.
    const double moved = (0.5 / factor - 0.5) * grid.spacing[axis];
    for (size_t row = 0; row < 3; ++row) fine.origin[row] += grid.direction[3 * row + axis] * moved;
  }
  return fine;
}

Upscaler::Upscaler(WindowNetwork network, const plan::Plan& plan, const std::vector<int64_t>& factors,
                   const InferenceOptions& options, const runtime::ExecutionContext& context)
    : channels_(static_cast<int64_t>(plan.channel_names.size())),
      factors_(on_volume(factors)),
      window_(on_volumes(std::move(network), plan.dimensions), low_patch(plan, factors_), channels_, options, context,
              factors_) {}

torch::Tensor Upscaler::upscale(const torch::Tensor& image, const std::function<void(double)>& progress) const {
  MEDVOL_CHECK(image.dim() == 4 && image.size(0) == channels_, "an image of {} axes for {} channels", image.dim(),
               channels_);
  const torch::Tensor made =
      torch::empty({channels_, image.size(1) * factors_[0], image.size(2) * factors_[1], image.size(3) * factors_[2]});
  window_.predict(
      image.to(torch::kFloat32),
      [&](int64_t begin, const torch::Tensor& slices) { made.narrow(1, begin, slices.size(1)).copy_(slices); },
      progress);
  return made;
}

imaging::Volume Upscaler::upscale(const imaging::Volume& image, const std::function<void(double)>& progress) const {
  return {upscale(image.data, progress), finer_grid(image.geometry, factors_)};
}

}  // namespace medvol::trainers
