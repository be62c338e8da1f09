#include "datasets/catalogue/hdf5_file.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "datasets/catalogue/complete_description.h"
#include "datasets/catalogue/patient_table.h"
#include "framework/core/error.h"
#include "framework/core/nearest.h"
#include "framework/storage/hdf5_array.h"

namespace medvol::datasets {
namespace {

namespace fs = std::filesystem;

template <size_t count>
void take(const storage::Hdf5Attributes& attributes, const char* name, std::array<double, count>& into,
          const std::string& place, const fs::path& file) {
  const auto found = attributes.numbers.find(name);
  if (found == attributes.numbers.end()) return;
  if (found->second.size() != count)
    throw core::UserError(fmt::format("'{}' of {} has {} numbers, not {}", name, place, found->second.size(), count),
                          file.string());
  std::copy(found->second.begin(), found->second.end(), into.begin());
}

/// The grid of the array [..., D, H, W] that the image's attributes say.
imaging::Geometry grid_of(const at::Tensor& values, const fs::path& file, const std::string& image) {
  const storage::Hdf5Attributes attributes = storage::read_hdf5_attributes(file, image);
  imaging::Geometry grid;
  for (int64_t axis = 0; axis < 3; ++axis) grid.size[size_t(axis)] = values.size(-1 - axis);
  std::array<double, 3> spacing{0, 0, 0};
  take(attributes, "spacing", spacing, image, file);
  if (*std::min_element(spacing.begin(), spacing.end()) <= 0)
    throw core::UserError("the attribute 'spacing' of " + image + " is missing or not above 0", file.string(),
                          "three numbers in mm, of the axes D, H, W");
  grid.spacing = {spacing[2], spacing[1], spacing[0]};
  take(attributes, "origin", grid.origin, image, file);
  take(attributes, "direction", grid.direction, image, file);
  return grid;
}

at::Tensor read_array(const fs::path& file, const std::string& place, std::vector<int64_t> dimensions,
                      const char* expected) {
  at::Tensor values = storage::read_hdf5_array(file, place);
  if (std::find(dimensions.begin(), dimensions.end(), values.dim()) == dimensions.end() || values.numel() == 0)
    throw core::UserError(fmt::format("{} has {} axes", place, values.dim()), file.string(), expected);
  return values;
}

}  // namespace

imaging::Volume read_hdf5_image(const fs::path& file, const std::string& place) {
  at::Tensor values = read_array(file, place, {3, 4}, "an image is [D, H, W] or [C, D, H, W]");
  if (values.dim() == 3) values = values.unsqueeze(0);
  return {values.to(at::kFloat).contiguous(), grid_of(values, file, place)};
}

imaging::Volume read_hdf5_labels(const fs::path& file, const std::string& place) {
  const at::Tensor values = read_array(file, place, {3}, "labels are [D, H, W]");
  if (values.is_floating_point())
    throw core::UserError(place + " holds fractions", file.string(), "labels are integers");
  return {values.to(at::kInt), grid_of(values, file, "images/" + fs::path(place).filename().string())};
}

DatasetDescription Hdf5File::describe() const {
  MEDVOL_CHECK(options_.root, "the file was not bound");
  const fs::path& file = *options_.root;
  DatasetDescription dataset;
  dataset.root = file.parent_path().empty() ? fs::path(".") : file.parent_path();
  const std::vector<std::string> images = storage::list_hdf5_group(file, "images"),
                                 labels = storage::list_hdf5_group(file, "labels");
  for (const std::string& id : images) {
    Case one{.id = id, .patient = id, .site = "", .images = {file / "images" / id}};
    one.attributes = storage::read_hdf5_attributes(file, "images/" + id).texts;
    if (const auto patient = one.attributes.extract("patient"))
      one.patient = patient_hash(file.stem().string(), patient.mapped());
    if (auto site = one.attributes.extract("site")) one.site = site.mapped();
    if (std::binary_search(labels.begin(), labels.end(), id)) one.labels = {{.file = file / "labels" / id}};
    add_case(dataset, std::move(one));
  }
  for (const std::string& id : labels)
    if (!std::binary_search(images.begin(), images.end(), id))
      throw core::UserError("labels/" + id + " has no image", file.string(), core::did_you_mean(id, images));
  if (dataset.cases.empty())
    throw core::UserError("holds no images/CASE with labels/CASE", file.string(), "see medvol datasets describe hdf5");
  dataset.name = file.stem().string();
  declare_labels(options_, "an HDF5 file names no classes", dataset);
  complete_description(dataset, options_.patients);
  return dataset;
}

}  // namespace medvol::datasets
