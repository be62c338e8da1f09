#pragma once
#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace medvol::storage {

/// Named tensors and a JSON value: the content of a checkpoint or a weight file.
struct TensorArchive {
  std::map<std::string, at::Tensor> tensors;
  nlohmann::json metadata =
      nlohmann::json::object();  ///< NaN and infinities become null: put such numbers into a tensor
};

/// Writes a safetensors file (https://github.com/huggingface/safetensors, readable by its Python package): header
/// length (u64, little endian), JSON header padded with spaces to 8 bytes, data. `__metadata__` holds "medvol", the
/// metadata as text, and "checksum", BLAKE2b-128 over the header without this entry followed by the data. Atomic and
/// durable. The same content gives the same bytes. Tensors of any device and stride; types bool, uint8, int8 to int64,
/// float16, bfloat16, float32, float64.
void write_tensor_archive(const std::filesystem::path& path, const TensorArchive& archive);

/// Reads what write_tensor_archive wrote, onto the CPU. UserError when the file is missing, or differs in any byte from
/// what was written (truncated, damaged, not written by medvol).
TensorArchive read_tensor_archive(const std::filesystem::path& path);

/// The metadata alone, without reading the tensors; so only damage to the header's form is noticed.
nlohmann::json read_tensor_archive_metadata(const std::filesystem::path& path);

/// Reads any safetensors file, as PyTorch users exchange them: no checksum is expected. The metadata is an object of
/// strings. UserError when the file is missing or is not consistent in itself.
TensorArchive read_safetensors(const std::filesystem::path& path);

}  // namespace medvol::storage
