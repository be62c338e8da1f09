#include "framework/dicom/series.h"

#include <ATen/ATen.h>
#include <gdcmTrace.h>
#include <itkGDCMImageIO.h>

#include <algorithm>
#include <map>
#include <set>

#include "framework/core/error.h"
#include "framework/dicom/slice_header.h"
#include "framework/dicom/slice_stack.h"
#include "framework/imaging/itk_bridge.h"

namespace medvol::dicom {
namespace {

struct Series {
  SeriesInfo info;
  std::vector<SliceHeader> slices;
};

bool is_image_modality(const std::string& modality) {
  static const std::set<std::string> others = {"SEG", "RTSTRUCT", "RTPLAN", "RTDOSE", "RTRECORD", "SR",  "PR",
                                               "KO",  "REG",      "FID",    "ANN",    "AU",       "ECG", "DOC"};
  return !others.contains(modality);
}

std::vector<std::filesystem::path> files_below(const std::filesystem::path& folder) {
  if (std::filesystem::is_regular_file(folder)) return {folder};
  std::error_code error;
  std::filesystem::recursive_directory_iterator entries(
      folder, std::filesystem::directory_options::skip_permission_denied, error);
  if (error) throw core::UserError("cannot read the folder: " + error.message(), folder.string());
  std::vector<std::filesystem::path> files;
  for (const auto& entry : entries) {
    if (entry.is_regular_file(error)) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// What files belong together: the series UID; where it was blanked, all that looks alike.
std::string group_of(const SliceHeader& slice) {
  if (!slice.series_uid.empty()) return slice.series_uid;
  return fmt::format("{} {} {}x{}", slice.modality, slice.description, slice.columns, slice.rows);
}

std::vector<Series> find_series(const std::filesystem::path& folder) {
  std::map<std::string, Series> groups;
  for (const std::filesystem::path& file : files_below(folder)) {
    std::optional<SliceHeader> slice = read_slice_header(file);
    if (!slice) continue;
    Series& series = groups[group_of(*slice)];
    SeriesInfo& info = series.info;
    if (series.slices.empty()) {
      info.key = key_of_series(group_of(*slice));
      info.description = slice->description;
      info.modality = slice->modality;
      info.size = {slice->columns, slice->rows};
    }
    info.is_image = info.is_image && is_image_modality(slice->modality) && slice->columns > 0 && slice->rows > 0;
    info.slices += slice->frames;
    info.files.push_back(file);
    series.slices.push_back(std::move(*slice));
  }
  if (groups.empty()) throw core::UserError("no DICOM file in this folder", folder.string());
  std::vector<Series> all;
  for (auto& [group, series] : groups) all.push_back(std::move(series));
  std::sort(all.begin(), all.end(), [](const Series& a, const Series& b) {
    return std::tie(a.info.description, a.info.key) < std::tie(b.info.description, b.info.key);
  });
  return all;
}

std::string listing(const std::vector<const Series*>& series) {
  std::string text;
  for (const Series* one : series) text += (text.empty() ? "" : "; ") + one->info.text();
  return text;
}

/// The series that `name` means: a full key or description before a beginning of one.
std::vector<const Series*> matching(const std::vector<const Series*>& series, const std::string& name) {
  std::vector<const Series*> exact, beginning;
  for (const Series* one : series) {
    if (one->info.key == name || one->info.description == name) exact.push_back(one);
    if (one->info.key.starts_with(name) || one->info.description.starts_with(name)) beginning.push_back(one);
  }
  return exact.empty() ? beginning : exact;
}

const Series& choose(const std::vector<Series>& all, const std::optional<std::string>& name,
                     const std::filesystem::path& folder) {
  std::vector<const Series*> images;
  for (const Series& series : all) {
    if (series.info.is_image) images.push_back(&series);
  }
  if (images.empty()) throw core::UserError("no image series in this folder", folder.string());
  const std::vector<const Series*> found = name ? matching(images, *name) : images;
  if (found.size() == 1) return *found.front();
  const std::string what = !name           ? fmt::format("{} image series in this folder", found.size())
                           : found.empty() ? fmt::format("no series is named '{}'", *name)
                                           : fmt::format("{} series are named '{}'", found.size(), *name);
  throw core::UserError(what, folder.string(),
                        "choose one by its key or description: " + listing(found.empty() ? images : found));
}

/// float32 [C, H, W] of one slice, rescaled by its own slope and intercept.
at::Tensor read_slice(const std::filesystem::path& path, int64_t height, int64_t width) {
  gdcm::Trace::WarningOff();
  gdcm::Trace::ErrorOff();
  at::Tensor pixels;
  imaging::guard_itk(path, "read", [&] {
    const itk::GDCMImageIO::Pointer io = itk::GDCMImageIO::New();
    io->SetFileName(path.string());
    io->ReadImageInformation();
    pixels = imaging::to_float(imaging::read_pixels(*io), path);
  });
  if (pixels.size(1) != height * width) {
    throw core::UserError("the pixels do not fill the slice", path.string(), "the file is damaged");
  }
  return pixels.view({pixels.size(0), height, width});
}

}  // namespace

std::string SeriesInfo::text() const {
  return fmt::format("{} {}{} {}x{}, {} slice{}", key, modality,
                     description.empty() ? "" : fmt::format(" '{}'", description), size[0], size[1], slices,
                     slices == 1 ? "" : "s");
}

std::vector<SeriesInfo> list_series(const std::filesystem::path& folder) {
  std::vector<SeriesInfo> result;
  for (Series& series : find_series(folder)) result.push_back(std::move(series.info));
  return result;
}

SeriesSlices find_slices(const std::filesystem::path& folder, const std::optional<std::string>& name) {
  const std::vector<Series> all = find_series(folder);
  const Series& series = choose(all, name, folder);
  SliceStack stack = stack_slices(series.slices, fmt::format("{}, series {}", folder.string(), series.info.text()));
  SeriesSlices result;
  for (const SliceHeader& slice : stack.slices) result.files.push_back(slice.path);
  result.geometry = stack.geometry;
  return result;
}

imaging::Volume read_series(const SeriesSlices& slices) {
  const auto [depth, height, width] = slices.geometry.size_zyx();
  at::Tensor volume;
  for (int64_t z = 0; z < depth; ++z) {
    const std::filesystem::path& file = slices.files[z];
    const at::Tensor slice = read_slice(file, height, width);
    if (z == 0) volume = at::empty({slice.size(0), depth, height, width}, at::kFloat);
    if (slice.size(0) != volume.size(0)) {
      throw core::UserError("slices with different numbers of channels", file.string());
    }
    volume.select(1, z).copy_(slice);
  }
  return {volume, slices.geometry};
}

imaging::Volume read_series(const std::filesystem::path& folder, const std::optional<std::string>& name) {
  return read_series(find_slices(folder, name));
}

}  // namespace medvol::dicom
