#include "framework/storage/hdf5_array.h"

#include <ATen/ATen.h>
#include <fcntl.h>

#include <cerrno>

#include "framework/core/error.h"
#include "framework/storage/file_error.h"
#include "framework/storage/hdf5_handle.h"

namespace medvol::storage {
namespace {

namespace fs = std::filesystem;

/// Opens the file and runs `read(file)` under the lock; a failure becomes a UserError.
template <class Read>
auto with_file(const fs::path& path, const std::string& place, const Read& read) {
  if (fs::is_directory(path)) throw_file_error("read", path, EISDIR);
  Descriptor::open(path, O_RDONLY, "read");  // absent or forbidden: HDF5 does not say which
  const std::lock_guard lock(hdf5_lock());
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);  // failures become exceptions, not text on the screen
  try {
    const Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
    return read(file);
  } catch (const Hdf5Failure& failure) {
    throw core::UserError(fmt::format("cannot read '{}': {}", place, failure.text), path.string(),
                          "see what h5ls lists");
  }
}

at::Tensor read_dataset(hid_t file, const std::string& place) {
  const Handle dataset(H5Dopen2(file, place.c_str(), H5P_DEFAULT), H5Dclose);
  const Handle type(H5Dget_type(dataset), H5Tclose), space(H5Dget_space(dataset), H5Sclose);
  const H5T_class_t kind = H5Tget_class(type);
  if (kind != H5T_FLOAT && kind != H5T_INTEGER) throw Hdf5Failure{"its elements are no numbers"};
  std::vector<hsize_t> sizes(static_cast<size_t>(checked(H5Sget_simple_extent_ndims(space))));
  checked(H5Sget_simple_extent_dims(space, sizes.data(), nullptr));
  const std::vector<int64_t> shape(sizes.begin(), sizes.end());
  at::Tensor values = at::empty(shape, kind == H5T_FLOAT ? at::kFloat : at::kLong);
  checked(H5Dread(dataset, kind == H5T_FLOAT ? H5T_NATIVE_FLOAT : H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                  values.data_ptr()));
  return values;
}

std::string read_text(hid_t attribute, hid_t type) {
  if (H5Tis_variable_str(type) > 0) {
    char* text = nullptr;
    checked(H5Aread(attribute, type, &text));
    const std::string copy = text ? text : "";
    checked(H5free_memory(text));
    return copy;
  }
  std::string text(H5Tget_size(type), '\0');
  checked(H5Aread(attribute, type, text.data()));
  return text.c_str();
}

Hdf5Attributes read_attributes(hid_t file, const std::string& place) {
  const Handle object(H5Oopen(file, place.c_str(), H5P_DEFAULT), H5Oclose);
  std::vector<std::string> names;
  checked(H5Aiterate2(
      object, H5_INDEX_NAME, H5_ITER_INC, nullptr,
      [](hid_t, const char* name, const H5A_info_t*, void* into) -> herr_t {
        static_cast<std::vector<std::string>*>(into)->emplace_back(name);
        return 0;
      },
      &names));
  Hdf5Attributes found;
  for (const std::string& name : names) {
    const Handle attribute(H5Aopen(object, name.c_str(), H5P_DEFAULT), H5Aclose);
    const Handle type(H5Aget_type(attribute), H5Tclose), space(H5Aget_space(attribute), H5Sclose);
    const H5T_class_t kind = H5Tget_class(type);
    const hssize_t count = checked(H5Sget_simple_extent_npoints(space));
    if (kind == H5T_STRING && count == 1) found.texts[name] = read_text(attribute, type);
    if ((kind != H5T_FLOAT && kind != H5T_INTEGER) || count == 0) continue;
    std::vector<double>& numbers = found.numbers[name];
    numbers.resize(static_cast<size_t>(count));
    checked(H5Aread(attribute, H5T_NATIVE_DOUBLE, numbers.data()));
  }
  return found;
}

}  // namespace

at::Tensor read_hdf5_array(const fs::path& file, const std::string& place) {
  return with_file(file, place, [&](hid_t handle) { return read_dataset(handle, place); });
}

Hdf5Attributes read_hdf5_attributes(const fs::path& file, const std::string& place) {
  return with_file(file, place, [&](hid_t handle) { return read_attributes(handle, place); });
}

std::vector<std::string> list_hdf5_group(const fs::path& file, const std::string& place) {
  return with_file(file, place, [&](hid_t handle) -> std::vector<std::string> {
    if (checked(H5Lexists(handle, place.c_str(), H5P_DEFAULT)) == 0) return {};
    const Handle group(H5Gopen2(handle, place.c_str(), H5P_DEFAULT), H5Gclose);
    return link_names(group);
  });
}

}  // namespace medvol::storage
