#include <fcntl.h>

#include <cstdlib>
#include <fstream>
#include <mutex>
#include <optional>
#include <sstream>

#include "framework/core/error.h"
#include "framework/imaging/image_io.h"
#include "framework/imaging/itk_bridge.h"
#include "framework/imaging/nifti_voxels.h"
#include "framework/imaging/picture_check.h"
#include "framework/storage/file_error.h"

namespace medvol::imaging {
namespace {

/// Where a MetaImage header says its voxels are.
struct MetaData {
  std::filesystem::path file;
  uint64_t offset = 0;                      ///< of the first voxel, in `file`
  std::optional<uint64_t> compressed_size;  ///< bytes, when compressed
};

/// MetaIO writes its complaints to standard error and fills what is missing: a header is looked at before it is given
/// one.
MetaData meta_data_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  MetaData data;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string key, equals, value;
    words >> key >> equals >> value;
    if (key == "CompressedDataSize") data.compressed_size = std::strtoull(value.c_str(), nullptr, 10);
    if (key != "ElementDataFile" || equals != "=" || !file.good()) continue;
    const bool local = value == "LOCAL" || value == "Local" || value == "local";
    data.file = local ? path : path.parent_path() / value;
    data.offset = local ? static_cast<uint64_t>(file.tellg()) : 0;
    return data;
  }
  throw core::UserError("the MetaImage header is damaged or truncated", path.string(), "copy or download it again");
}

/// `bytes`: what the voxels take uncompressed.
void check_meta_size(const std::filesystem::path& path, uint64_t bytes) {
  const MetaData data = meta_data_of(path);
  std::error_code error;
  const uint64_t size = std::filesystem::file_size(data.file, error);
  if (error) {
    if (data.file.filename() == "LIST" || data.file.string().find('%') != std::string::npos) return;  // many files
    throw core::UserError("the voxels' file does not exist", data.file.string());
  }
  if (size < data.offset + data.compressed_size.value_or(bytes)) {
    throw core::UserError("the file is truncated", path.string(), "copy or download it again");
  }
}

/// One header at a time: NiftiImageIO::ReadImageInformation of ITK 5.2 keeps the last path in a static string.
std::mutex one_header;

itk::ImageIOBase::Pointer open(const std::filesystem::path& path) {
  itk::ImageIOBase::Pointer io = make_image_io(path);
  if (!std::filesystem::is_regular_file(path)) {
    throw core::UserError(std::filesystem::exists(path) ? "not a file" : "the image does not exist", path.string());
  }
  storage::Descriptor::open(path, O_RDONLY, "read");  // a forbidden file is no damaged one
  check_picture(path);
  guard_itk(path, "read", [&] {
    if (!io->CanReadFile(path.c_str())) {
      throw core::UserError(fmt::format("this is no {} image", image_ending(path)), path.string(),
                            "it is damaged, or of another format than its name says");
    }
    if (image_ending(path).starts_with(".mh")) meta_data_of(path);
    const std::lock_guard lock(one_header);
    io->SetFileName(path.string());
    io->ReadImageInformation();
  });
  if (io->GetNumberOfDimensions() < 2) throw core::UserError("the image has one dimension only", path.string());
  for (unsigned axis = 0; axis < io->GetNumberOfDimensions(); ++axis) {
    if (io->GetDimensions(axis) == 0) throw core::UserError("the image has no voxels", path.string());
  }
  return io;
}

/// How many volumes lie along the axes beyond the third.
int64_t volumes_beyond(const itk::ImageIOBase& io) {
  int64_t volumes = 1;
  for (unsigned axis = 3; axis < io.GetNumberOfDimensions(); ++axis) {
    volumes *= static_cast<int64_t>(io.GetDimensions(axis));
  }
  return volumes;
}

void refuse_series(const itk::ImageIOBase& io, int64_t volumes, FourthAxis fourth_axis,
                   const std::filesystem::path& path) {
  if (volumes == 1 || (fourth_axis == FourthAxis::channels && io.GetNumberOfComponents() == 1)) return;
  throw core::UserError(fmt::format("the image holds {} volumes along a fourth axis", volumes), path.string(),
                        "one 3D volume a file is expected: split the series");
}

bool has_alpha(const itk::ImageIOBase& io, const std::filesystem::path& path) {
  const std::string ending = image_ending(path);
  const bool picture = ending == ".png" || ending == ".tif" || ending == ".tiff";
  return picture && (io.GetNumberOfComponents() == 4 || io.GetNumberOfComponents() == 2);
}

RawPixels pixels_of(itk::ImageIOBase& io, const std::filesystem::path& path) {
  if (io.GetPixelType() == itk::IOPixelEnum::COMPLEX) {
    throw core::UserError("the voxels are complex numbers", path.string(), "save the magnitude, or two real images");
  }
  RawPixels pixels;
  guard_itk(path, "read", [&] {
    if (image_ending(path).starts_with(".mh")) check_meta_size(path, io.GetImageSizeInBytes());
    pixels = image_ending(path).starts_with(".nii") ? read_nifti_voxels(path, io) : read_pixels(io);
  });
  return pixels;
}

}  // namespace

Geometry read_geometry(const std::filesystem::path& path) { return geometry_of(*open(path)); }

Volume read_image(const std::filesystem::path& path, FourthAxis fourth_axis) {
  const itk::ImageIOBase::Pointer io = open(path);
  const int64_t volumes = volumes_beyond(*io);
  refuse_series(*io, volumes, fourth_axis, path);
  Volume volume{to_float(pixels_of(*io, path), path), geometry_of(*io)};
  const auto [depth, height, width] = volume.geometry.size_zyx();
  int64_t channels = volume.data.size(0) * volumes;
  volume.data = volume.data.view({channels, depth, height, width});
  if (has_alpha(*io, path)) volume.data = volume.data.narrow(0, 0, channels - 1).contiguous();
  return volume;
}

Volume read_labels(const std::filesystem::path& path) {
  const itk::ImageIOBase::Pointer io = open(path);
  refuse_series(*io, volumes_beyond(*io), FourthAxis::refuse, path);
  Volume volume{to_labels(pixels_of(*io, path), path), geometry_of(*io)};
  const int64_t colours = volume.data.size(0) - (has_alpha(*io, path) ? 1 : 0);
  for (int64_t channel = 1; channel < colours; ++channel) {
    if (!volume.data[0].equal(volume.data[channel])) {
      throw core::UserError(fmt::format("a label map with {} different channels", colours), path.string(),
                            "one channel of whole numbers is expected");
    }
  }
  const auto [depth, height, width] = volume.geometry.size_zyx();
  volume.data = volume.data[0].reshape({depth, height, width}).clone();
  return volume;
}

}  // namespace medvol::imaging
