#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

/// Inside of hdf5_store: what a store holds and where.
namespace medvol::storage {

struct StoredTensor {
  at::ScalarType type = at::kFloat;
  std::vector<int64_t> shape;
  uint64_t offset = 0;  ///< of the first byte in the file; 0 for a tensor without elements

  uint64_t bytes() const;
};

struct StoredCase {
  std::map<std::string, StoredTensor> tensors;
  nlohmann::json attributes;
  std::string checksum;  ///< case_checksum of the content
};

using StoredCases = std::map<std::string, StoredCase>;

/// BLAKE2b-128 over names, types, shapes and bytes of the tensors (contiguous, on the CPU) and the attributes.
std::string case_checksum(const std::map<std::string, at::Tensor>& tensors, const nlohmann::json& attributes);

/// Whether a tensor of this type can be put into a store.
bool storable(at::ScalarType type);

/// Makes an HDF5 file with a group for each case and a contiguous, uncompressed dataset for each tensor, and sets the
/// offsets. The data themselves are not written: they go to the offsets, the way they are read.
void make_layout(const std::filesystem::path& file, StoredCases& cases);

/// Finds all cases of a store, and that the file is long enough to hold them. UserError when it is missing or damaged.
StoredCases read_layout(const std::filesystem::path& file);

}  // namespace medvol::storage
