#include <zlib.h>

#include <array>
#include <memory>

#include "framework/core/error.h"
#include "framework/imaging/image_io.h"
#include "framework/imaging/itk_bridge.h"

namespace medvol::imaging {
namespace {

itk::ImageIOBase::Pointer open(const std::filesystem::path& path) {
  itk::ImageIOBase::Pointer io = make_image_io(path);
  if (!std::filesystem::is_regular_file(path)) {
    throw core::UserError(std::filesystem::exists(path) ? "not a file" : "the image does not exist", path.string());
  }
  guard_itk(path, "read", [&] {
    if (!io->CanReadFile(path.c_str())) {
      throw core::UserError(fmt::format("this is no {} image", image_ending(path)), path.string(),
                            "it is damaged, or of another format than its name says");
    }
    io->SetFileName(path.string());
    io->ReadImageInformation();
  });
  if (io->GetNumberOfDimensions() < 2) throw core::UserError("the image has one dimension only", path.string());
  for (unsigned axis = 0; axis < io->GetNumberOfDimensions(); ++axis) {
    if (io->GetDimensions(axis) == 0) throw core::UserError("the image has no voxels", path.string());
  }
  return io;
}

/// nifti's reader stops after the last voxel, before the stream's own checksum: a damaged or shortened file would pass.
void check_gzip(const std::filesystem::path& path) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose);
  if (!file) throw core::UserError("cannot open the image", path.string());
  gzbuffer(file.get(), 1 << 17);
  std::vector<char> scratch(1 << 18);
  int got;
  while ((got = gzread(file.get(), scratch.data(), static_cast<unsigned>(scratch.size()))) > 0) {
  }
  int code = Z_OK;
  gzerror(file.get(), &code);
  if (got < 0 || code != Z_OK) {
    throw core::UserError(code == Z_BUF_ERROR ? "the compressed file is truncated" : "the compressed file is damaged",
                          path.string(), "copy or download it again");
  }
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
  if (image_ending(path) == ".nii.gz") check_gzip(path);
  RawPixels pixels;
  guard_itk(path, "read", [&] { pixels = read_pixels(io); });
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
