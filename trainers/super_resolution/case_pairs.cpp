#include "trainers/super_resolution/case_pairs.h"

#include <algorithm>

#include <fmt/ranges.h>

#include "framework/core/error.h"

namespace medvol::trainers {
namespace {

/// A stream apart from those of training's batches, which count up from 0 (FNV-1a, 64 bits).
uint64_t stream_of(const std::string& id) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const char letter : id) hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3u;
  return hash | uint64_t{1} << 63;
}

}  // namespace

std::vector<int64_t> factors_of_axes(const std::vector<int64_t>& option, const plan::Plan& plan) {
  const auto axes = static_cast<size_t>(plan.dimensions);
  std::vector<int64_t> factors = option.size() == 1 ? std::vector<int64_t>(axes, option[0]) : option;
  if (factors.size() != axes)
    throw core::UserError(
        fmt::format("{} factors for {} axes", option.size(), axes), "trainer.factors",
        "give one for all axes, or one an axis in the order " + std::string(axes == 3 ? "z, y, x" : "y, x"));
  if (std::all_of(factors.begin(), factors.end(), [](int64_t factor) { return factor == 1; }))
    throw core::UserError("no axis is enlarged", "trainer.factors", "one of them must be 2 or more");
  for (size_t axis = 0; axis < axes; ++axis)
    if (plan.patch_size[axis] % factors[axis] != 0)
      throw core::UserError(fmt::format("a patch of {} is no multiple of the factors {}",
                                        fmt::join(plan.patch_size, "×"), fmt::join(factors, "×")),
                            "plan.patch_size", "training patches are of high resolution: choose one that is");
  return factors;
}

IntensityScale intensity_scale(const WholeCases& cases, int64_t at_most) {
  const WholeCases some = cases.count > at_most ? spread_evenly(cases, at_most) : cases;
  MEDVOL_CHECK(some.count > 0, "no case to measure intensities of");
  double low = 0, range = 0;
  for (int64_t i = 0; i < some.count; ++i) {
    const auto [least, most] = torch::aminmax(some.read(i).image.to(torch::kFloat32));
    low += least.item<double>() / static_cast<double>(some.count);
    range += (most - least).item<double>() / static_cast<double>(some.count);
  }
  if (!(range > 0))
    throw core::UserError("all voxels are equal", "the training images", "there is nothing to learn from them");
  return {low, range};
}

CasePair case_pair(const WholeCase& one, const Degradation& degradation, uint64_t seed) {
  const std::vector<int64_t>& factors = degradation.factors();
  const bool slices = factors.size() == 2;
  torch::Tensor high = one.image.to(torch::kFloat32);
  for (size_t axis = 0; axis < factors.size(); ++axis) {
    const int64_t at = static_cast<int64_t>(axis) + (slices ? 2 : 1), size = high.size(at) / factors[axis];
    if (size == 0)
      throw core::UserError(
          fmt::format("{} voxels along an axis that is made {} times smaller", high.size(at), factors[axis]),
          "case " + one.id, "choose smaller trainer.factors");
    high = high.narrow(at, 0, size * factors[axis]);
  }
  high = high.contiguous();
  runtime::Philox random(seed, runtime::purpose_degradation, stream_of(one.id));
  const torch::Tensor batch = slices ? high.transpose(0, 1) : high.unsqueeze(0);  // slices as samples
  const torch::Tensor low = degradation.typical(batch, random);
  return {one.id, (slices ? low.transpose(0, 1) : low[0]).contiguous(), high};
}

}  // namespace medvol::trainers
