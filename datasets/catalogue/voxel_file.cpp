#include "datasets/catalogue/voxel_file.h"

#include <regex>

#include "datasets/catalogue/hdf5_file.h"
#include "framework/core/error.h"
#include "framework/dicom/series.h"
#include "framework/imaging/image_io.h"

namespace medvol::datasets {
namespace {

namespace fs = std::filesystem;

/// Narrows a stack [C, D, H, W] or [D, H, W] to the pages that `inside` names.
imaging::Volume pages_of(imaging::Volume stack, const fs::path& inside, const fs::path& file) {
  static const std::regex pages("pages_([0-9]{1,6})-([0-9]{1,6})");
  std::smatch part;
  const std::string text = inside.string();
  if (!std::regex_match(text, part, pages))
    throw core::UserError("'" + text + "' names no part of an image", file.string(), "such as stack.tif/pages_6-11");
  const int64_t first = std::stoll(part[1]), last = std::stoll(part[2]);
  if (first > last || last >= stack.geometry.size[2])
    throw core::UserError(fmt::format("has no {}: it has {} pages", text, stack.geometry.size[2]), file.string(),
                          "pages count from 0");
  stack.data = stack.data.narrow(stack.data.dim() - 3, first, last - first + 1).contiguous();
  stack.geometry.size[2] = last - first + 1;
  for (size_t axis = 0; axis < 3; ++axis)
    stack.geometry.origin[axis] += double(first) * stack.geometry.spacing[2] * stack.geometry.direction[3 * axis + 2];
  return stack;
}

bool is_hdf5(const fs::path& file) {
  const fs::path ending = file.extension();
  return ending == ".h5" || ending == ".hdf5";
}

template <class Read, class ReadHdf5>
imaging::Volume read_at(const fs::path& path, const Read& read, const ReadHdf5& read_hdf5) {
  const fs::path file = file_on_disk(path);
  if (file == path) return read(path);
  if (is_hdf5(file)) return read_hdf5(file, path.lexically_relative(file).generic_string());
  return pages_of(read(file), path.lexically_relative(file), file);
}

}  // namespace

fs::path file_on_disk(const fs::path& path) {
  for (fs::path part = path; !part.empty() && part != part.root_path(); part = part.parent_path())
    if (fs::exists(part)) return part == path || fs::is_regular_file(part) ? part : path;
  return path;
}

imaging::Volume read_image_at(const fs::path& path) {
  if (fs::is_directory(path)) return dicom::read_series(path);
  return read_at(
      path, [](const fs::path& file) { return imaging::read_image(file, imaging::FourthAxis::channels); },
      read_hdf5_image);
}

imaging::Volume read_labels_at(const fs::path& path) { return read_at(path, imaging::read_labels, read_hdf5_labels); }

}  // namespace medvol::datasets
