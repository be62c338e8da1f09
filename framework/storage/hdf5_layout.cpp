#include "framework/storage/hdf5_layout.h"

#include <array>

#include "framework/core/error.h"
#include "framework/storage/checksum.h"
#include "framework/storage/hdf5_handle.h"

namespace medvol::storage {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr const char* kFormat = "medvol store 1";

struct TypeOf {
  at::ScalarType type;
  H5T_class_t kind;
  size_t size;
  bool is_signed;
};
constexpr std::array<TypeOf, 8> kTypes{{{at::kByte, H5T_INTEGER, 1, false},
                                        {at::kChar, H5T_INTEGER, 1, true},
                                        {at::kShort, H5T_INTEGER, 2, true},
                                        {at::kInt, H5T_INTEGER, 4, true},
                                        {at::kLong, H5T_INTEGER, 8, true},
                                        {at::kHalf, H5T_FLOAT, 2, true},
                                        {at::kFloat, H5T_FLOAT, 4, true},
                                        {at::kDouble, H5T_FLOAT, 8, true}}};

hid_t standard_type(at::ScalarType type) {
  switch (type) {
    case at::kByte:
      return H5T_STD_U8LE;
    case at::kChar:
      return H5T_STD_I8LE;
    case at::kShort:
      return H5T_STD_I16LE;
    case at::kInt:
      return H5T_STD_I32LE;
    case at::kLong:
      return H5T_STD_I64LE;
    case at::kDouble:
      return H5T_IEEE_F64LE;
    default:
      return H5T_IEEE_F32LE;
  }
}

/// float16 is described bit by bit, as h5py does: sign 1, exponent 5 (bias 15), fraction 10.
Handle type_handle(at::ScalarType type) {
  MEDVOL_CHECK(storable(type), "type {} cannot be stored", c10::toString(type));
  hid_t copy = checked(H5Tcopy(standard_type(type)));
  if (type == at::kHalf) {
    checked(H5Tset_fields(copy, 15, 10, 5, 0, 10));
    checked(H5Tset_size(copy, 2));
    checked(H5Tset_ebias(copy, 15));
  }
  return Handle(copy, H5Tclose);
}

at::ScalarType scalar_type(hid_t type) {
  H5T_class_t kind = H5Tget_class(type);
  size_t size = H5Tget_size(type);
  bool little_endian = size == 1 || H5Tget_order(type) == H5T_ORDER_LE;
  bool is_signed = kind != H5T_INTEGER || H5Tget_sign(type) == H5T_SGN_2;
  for (const TypeOf& known : kTypes)
    if (little_endian && known.kind == kind && known.size == size && known.is_signed == is_signed) return known.type;
  throw Hdf5Failure{"a dataset has a type that no store has"};
}

// ------------------------------------------------------------------------------------------------------------- writing

void write_text(hid_t object, const char* name, const std::string& text) {
  Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  checked(H5Tset_size(type, text.size() + 1));
  checked(H5Tset_cset(type, H5T_CSET_UTF8));
  Handle space(H5Screate(H5S_SCALAR), H5Sclose);
  Handle attribute(H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  checked(H5Awrite(attribute, type, text.c_str()));
}

Handle space_handle(const std::vector<int64_t>& shape) {
  if (shape.empty()) return Handle(H5Screate(H5S_SCALAR), H5Sclose);
  std::vector<hsize_t> sizes(shape.begin(), shape.end());
  return Handle(H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), nullptr), H5Sclose);
}

void make_dataset(hid_t group, const std::string& name, StoredTensor& tensor) {
  Handle type = type_handle(tensor.type);
  Handle space = space_handle(tensor.shape);
  Handle properties(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  checked(H5Pset_layout(properties, H5D_CONTIGUOUS));
  checked(H5Pset_alloc_time(properties, H5D_ALLOC_TIME_EARLY));
  checked(H5Pset_fill_time(properties, H5D_FILL_TIME_NEVER));
  checked(H5Pset_obj_track_times(properties, false));  // the same content gives the same file
  Handle dataset(H5Dcreate2(group, name.c_str(), type, space, H5P_DEFAULT, properties, H5P_DEFAULT), H5Dclose);
  if (tensor.bytes() == 0) return;
  haddr_t offset = H5Dget_offset(dataset);
  if (offset == HADDR_UNDEF) throw Hdf5Failure{"no space was set aside for " + name};
  tensor.offset = offset;
}

void make_group(hid_t file, const std::string& key, StoredCase& content) {
  Handle properties(H5Pcreate(H5P_GROUP_CREATE), H5Pclose);
  checked(H5Pset_attr_phase_change(properties, 0, 0));  // attributes over 64 KB need the indexed form
  checked(H5Pset_obj_track_times(properties, false));
  Handle group(H5Gcreate2(file, key.c_str(), H5P_DEFAULT, properties, H5P_DEFAULT), H5Gclose);
  write_text(group, "attributes", content.attributes.dump());
  write_text(group, "checksum", content.checksum);
  for (auto& [name, tensor] : content.tensors) make_dataset(group, name, tensor);
}

void make_file(const fs::path& path, StoredCases& cases) {
  Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  // The newer form has checksums on its bookkeeping, so damage there is noticed.
  checked(H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_V18));
  checked(H5Pset_alignment(access, 512, 64));  // tensors start at cache lines
  Handle creation(H5Pcreate(H5P_FILE_CREATE), H5Pclose);
  checked(H5Pset_obj_track_times(creation, false));
  Handle file(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation, access), H5Fclose);
  write_text(file, "format", kFormat);
  for (auto& [key, content] : cases) make_group(file, key, content);
  file.close();
}

// ------------------------------------------------------------------------------------------------------------- reading

std::string read_text(hid_t object, const char* name) {
  Handle attribute(H5Aopen(object, name, H5P_DEFAULT), H5Aclose);
  Handle type(H5Aget_type(attribute), H5Tclose);
  if (H5Tget_class(type) != H5T_STRING || H5Tis_variable_str(type) != 0) throw Hdf5Failure{"an attribute is no text"};
  std::string text(H5Tget_size(type), '\0');
  checked(H5Aread(attribute, type, text.data()));
  text.resize(text.find_last_not_of('\0') + 1);
  return text;
}

StoredTensor find_dataset(hid_t group, const std::string& name, uint64_t file_size) {
  Handle dataset(H5Dopen2(group, name.c_str(), H5P_DEFAULT), H5Dclose);
  Handle type(H5Dget_type(dataset), H5Tclose);
  Handle space(H5Dget_space(dataset), H5Sclose);
  Handle properties(H5Dget_create_plist(dataset), H5Pclose);
  if (H5Pget_layout(properties) != H5D_CONTIGUOUS) throw Hdf5Failure{"dataset " + name + " is chunked or compressed"};
  std::vector<hsize_t> sizes(static_cast<size_t>(checked(H5Sget_simple_extent_ndims(space))));
  checked(H5Sget_simple_extent_dims(space, sizes.data(), nullptr));
  StoredTensor tensor{scalar_type(type), {sizes.begin(), sizes.end()}};
  if (tensor.bytes() == 0) return tensor;
  tensor.offset = H5Dget_offset(dataset);
  if (tensor.offset > file_size || tensor.bytes() > file_size - tensor.offset) throw Hdf5Failure{"the file is cut off"};
  return tensor;
}

StoredCase find_case(hid_t file, const std::string& key, uint64_t file_size) {
  Handle group(H5Gopen2(file, key.c_str(), H5P_DEFAULT), H5Gclose);
  StoredCase content;
  content.attributes = json::parse(read_text(group, "attributes"), nullptr, /*allow_exceptions=*/false);
  if (content.attributes.is_discarded()) throw Hdf5Failure{"the attributes of " + key + " are no JSON"};
  content.checksum = read_text(group, "checksum");
  for (const std::string& name : link_names(group)) content.tensors.emplace(name, find_dataset(group, name, file_size));
  return content;
}

StoredCases find_cases(const fs::path& path) {
  uint64_t file_size = fs::file_size(path);
  Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
  if (read_text(file, "format") != kFormat) throw Hdf5Failure{"another program or version wrote it"};
  StoredCases cases;
  for (const std::string& key : link_names(file)) cases.emplace(key, find_case(file, key, file_size));
  return cases;
}

}  // namespace

uint64_t StoredTensor::bytes() const {
  uint64_t bytes = c10::elementSize(type);
  for (int64_t size : shape) bytes *= static_cast<uint64_t>(size);
  return bytes;
}

bool storable(at::ScalarType type) {
  for (const TypeOf& known : kTypes)
    if (known.type == type) return true;
  return false;
}

std::string case_checksum(const std::map<std::string, at::Tensor>& tensors, const json& attributes) {
  Hasher hasher;
  for (const auto& [name, tensor] : tensors) {
    hasher.update(json{name, c10::toString(tensor.scalar_type()), tensor.sizes().vec()}.dump());
    hasher.update(tensor.const_data_ptr(), tensor.nbytes());
  }
  return hasher.update(attributes.dump()).hex();
}

void make_layout(const fs::path& file, StoredCases& cases) {
  std::lock_guard lock(hdf5_lock());
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);  // failures become exceptions, not text on the screen
  try {
    make_file(file, cases);
  } catch (const Hdf5Failure& failure) {
    throw core::UserError("cannot write the store: " + failure.text, file.string(), "check free space and permissions");
  }
}

StoredCases read_layout(const fs::path& file) {
  if (!fs::is_regular_file(file))
    throw core::UserError("there is no such store", file.string(), "prepare the data first");
  std::lock_guard lock(hdf5_lock());
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  try {
    return find_cases(file);
  } catch (const Hdf5Failure& failure) {
    throw core::UserError("the store is damaged or none: " + failure.text, file.string(),
                          "delete it and prepare the data again");
  }
}

}  // namespace medvol::storage
