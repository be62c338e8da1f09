#include "networks/blocks/input_size.h"

#include <fmt/format.h>

#include "framework/core/error.h"

namespace medvol::networks {
namespace {

// sizes(), not size(i): a trace must not depend on the size that it was made with.
std::vector<int64_t> spatial_size(const at::Tensor& x, size_t axes, const std::string& network) {
  if (x.dim() != static_cast<int64_t>(axes) + 2)
    throw core::UserError(fmt::format("an input of {} axes, expected {}", x.dim(), axes + 2), network,
                          axes == 3 ? "[N, C, D, H, W]" : "[N, C, H, W]");
  return x.sizes().slice(2).vec();
}

}  // namespace

std::string size_text(c10::IntArrayRef size) { return fmt::format("[{}]", fmt::join(size, ", ")); }

std::vector<int64_t> rounded_up(std::vector<int64_t> size, const std::vector<int64_t>& multiple) {
  MEDVOL_CHECK(size.size() == multiple.size(), "{} axes, {} multiples", size.size(), multiple.size());
  for (size_t axis = 0; axis < size.size(); ++axis)
    size[axis] = std::max<int64_t>(1, (size[axis] + multiple[axis] - 1) / multiple[axis]) * multiple[axis];
  return size;
}

void require_multiple(const at::Tensor& x, const std::vector<int64_t>& multiple, const std::string& network) {
  const std::vector<int64_t> size = spatial_size(x, multiple.size(), network);
  const std::vector<int64_t> fitting = rounded_up(size, multiple);
  if (size != fitting)
    throw core::UserError(fmt::format("an input of {}, expected multiples of {}", size_text(size), size_text(multiple)),
                          network, "pad it to " + size_text(fitting));
}

void require_size(const at::Tensor& x, const std::vector<int64_t>& size, const std::string& network) {
  const std::vector<int64_t> given = spatial_size(x, size.size(), network);
  if (given != size)
    throw core::UserError(fmt::format("an input of {}, expected {}", size_text(given), size_text(size)), network,
                          "it takes the plan's patch alone: pad to it, or go over the image in windows of it");
}

}  // namespace medvol::networks
