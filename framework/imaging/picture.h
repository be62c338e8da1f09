#pragma once
#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>

namespace medvol::imaging {

/// PNG bytes of a uint8 tensor [H, W] (grey) or [H, W, 3] (RGB).
std::string encode_png(const at::Tensor& picture);

/// The same into a file, which appears complete or not at all.
void write_png(const std::filesystem::path& path, const at::Tensor& picture);

}  // namespace medvol::imaging
