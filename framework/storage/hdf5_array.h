#pragma once
#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace medvol::storage {

/// Attributes of an HDF5 object: numbers (one or many), and texts of fixed or variable length. Others are passed over.
struct Hdf5Attributes {
  std::map<std::string, std::vector<double>> numbers;
  std::map<std::string, std::string> texts;
};

/// Arrays in HDF5 files of other programs (h5py, MATLAB): chunked and compressed ones too. `place` is a path in the
/// file, "images/case_1". For our own stores there is hdf5_store.h. All throw core::UserError naming file and place
/// when the file is none, the place is not there, or the data are damaged or of no numeric type.

/// float32 of floating types, int64 of integers.
at::Tensor read_hdf5_array(const std::filesystem::path& file, const std::string& place);
Hdf5Attributes read_hdf5_attributes(const std::filesystem::path& file, const std::string& place);
/// Names in a group, sorted; none when the group is not there.
std::vector<std::string> list_hdf5_group(const std::filesystem::path& file, const std::string& place);

}  // namespace medvol::storage
