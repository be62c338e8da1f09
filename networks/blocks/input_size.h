#pragma once
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

namespace medvol::networks {

/// "[96, 96, 96]".
std::string size_text(c10::IntArrayRef size);

/// The smallest size that holds `size` and is a multiple of `multiple` on each axis.
std::vector<int64_t> rounded_up(std::vector<int64_t> size, const std::vector<int64_t>& multiple);

/// Throws core::UserError, with a size that would do, unless each spatial size of x [N, C, (D,) H, W] is a multiple of
/// `multiple`. `network`: the name it is registered by.
void require_multiple(const at::Tensor& x, const std::vector<int64_t>& multiple, const std::string& network);

/// Throws core::UserError unless the spatial size of x [N, C, (D,) H, W] is `size`.
void require_size(const at::Tensor& x, const std::vector<int64_t>& size, const std::string& network);

}  // namespace medvol::networks
