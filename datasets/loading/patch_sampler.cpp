#include "datasets/loading/patch_sampler.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace medvol::datasets {
namespace {

/// First voxels that a box may have along one axis, both ends included.
struct Bounds {
  int64_t low, high;
};

Bounds bounds(int64_t image, int64_t source, int64_t patch) {
  const int64_t padding = std::max(source - patch, source - image);
  const int64_t before = (padding + 1) / 2, after = padding - padding / 2;
  return {-before, image + after - source};
}

Index3 draw_voxel(const VoxelList& voxels, const Index3& size, runtime::Philox& random) {
  const int64_t flat = voxels.first[random.below(static_cast<uint64_t>(voxels.second))];
  return {flat / (size[1] * size[2]), flat / size[2] % size[1], flat % size[2]};
}

/// A random stored voxel of a random class that the case has, or of any annotated one; none when there is none.
std::optional<Index3> draw_centre(const TrainingCase& from, bool force_foreground, runtime::Philox& random) {
  const auto present = [](const VoxelList& voxels) { return voxels.second > 0; };
  const auto classes = std::count_if(from.foreground.begin(), from.foreground.end(), present);
  if (!force_foreground || classes == 0)
    return from.annotated.second > 0 ? std::optional(draw_voxel(from.annotated, from.size, random)) : std::nullopt;
  uint64_t skip = random.below(static_cast<uint64_t>(classes));
  for (const VoxelList& voxels : from.foreground)
    if (present(voxels) && skip-- == 0) return draw_voxel(voxels, from.size, random);
  return std::nullopt;
}

}  // namespace

PatchSampler::PatchSampler(const Index3& source_size, const Index3& patch_size)
    : source_size_(source_size), patch_size_(patch_size) {}

Index3 PatchSampler::sample(const TrainingCase& from, bool force_foreground, runtime::Philox& random) const {
  const std::optional<Index3> centre = draw_centre(from, force_foreground, random);
  Index3 begin;
  for (size_t axis = 0; axis < 3; ++axis) {
    const Bounds allowed = bounds(from.size[axis], source_size_[axis], patch_size_[axis]);
    begin[axis] = centre ? std::max(allowed.low, (*centre)[axis] - source_size_[axis] / 2)
                         : allowed.low + static_cast<int64_t>(random.below(uint64_t(allowed.high - allowed.low + 1)));
  }
  return begin;
}

bool PatchSampler::forces_foreground(int64_t n, int64_t batch_size, double share) {
  return double(n) >= std::nearbyint(double(batch_size) * (1 - share));  // half to even, as Python rounds
}

}  // namespace medvol::datasets
