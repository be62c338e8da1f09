#include "framework/storage/hdf5_handle.h"

namespace medvol::storage {

std::mutex& hdf5_lock() {
  static std::mutex lock;
  return lock;
}

std::string innermost_hdf5_error() {
  std::string text;
  auto take_first = [](unsigned, const H5E_error2_t* error, void* into) -> herr_t {
    auto& message = *static_cast<std::string*>(into);
    if (message.empty() && error->desc) message = error->desc;
    return 0;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_first, &text);
  return text;
}

std::vector<std::string> link_names(hid_t group) {
  H5G_info_t info;
  checked(H5Gget_info(group, &info));
  std::vector<std::string> names;
  for (hsize_t i = 0; i < info.nlinks; ++i) {
    ssize_t length = checked(H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, i, nullptr, 0, H5P_DEFAULT));
    std::string name(static_cast<size_t>(length) + 1, '\0');
    checked(H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, i, name.data(), name.size(), H5P_DEFAULT));
    name.pop_back();
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace medvol::storage
