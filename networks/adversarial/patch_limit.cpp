#include "networks/adversarial/patch_limit.h"

#include <limits>

#include "framework/core/error.h"
#include "networks/blocks/input_size.h"

namespace medvol::networks {

PatchLimit::PatchLimit(const DiscriminatorShape& shape, int64_t least) : least_(least), size_(shape.patch_size) {
  const auto axes = static_cast<size_t>(shape.dimensions);
  if (size_.empty()) size_.assign(axes, std::numeric_limits<int64_t>::max());
  MEDVOL_CHECK(size_.size() == axes, "a patch of {} axes in {} dimensions", size_.size(), axes);
  halved_.assign(axes, 0);
  for (const int64_t size : size_) thin_.push_back(size < least);
}

ConvolutionOptions PatchLimit::convolution(int64_t in_channels, int64_t out_channels, bool halve) {
  ConvolutionOptions options;
  options.in_channels = in_channels;
  options.out_channels = out_channels;
  for (size_t axis = 0; axis < size_.size(); ++axis) {
    const bool smaller = halve && size_[axis] / 2 >= least_;
    // Without a stride a kernel of 4 takes one voxel away: an axis that has been asked to halve and could not keeps
    // its size.
    options.kernel_size.push_back(smaller || (!halve && !thin_[axis]) ? 4 : 3);
    options.stride.push_back(smaller ? 2 : 1);
    options.padding.push_back(1);
    if (!smaller) continue;
    size_[axis] /= 2;
    ++halved_[axis];
  }
  return options;
}

std::vector<int64_t> PatchLimit::smallest() const {
  std::vector<int64_t> result;
  for (size_t axis = 0; axis < size_.size(); ++axis)
    result.push_back(thin_[axis] ? 1 : least_ * (int64_t{1} << halved_[axis]));
  return result;
}

void require_at_least(const torch::Tensor& x, const std::vector<int64_t>& smallest, const std::string& name) {
  const c10::IntArrayRef size = x.sizes().slice(2);
  bool fits = size.size() == smallest.size();
  for (size_t axis = 0; fits && axis < smallest.size(); ++axis) fits = size[axis] >= smallest[axis];
  if (!fits)
    throw core::UserError(
        fmt::format("an image of {} is too small, expected {} or more", size_text(size), size_text(smallest)),
        "discriminator " + name, "take larger patches, or tell the discriminator the smaller patch_size");
}

}  // namespace medvol::networks
