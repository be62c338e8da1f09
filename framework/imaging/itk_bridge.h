#pragma once
// The only header that shows ITK; included by the readers and writers of framework/imaging and framework/dicom alone.
#include <itkImageIOBase.h>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "framework/imaging/volume.h"

namespace medvol::imaging {

/// Voxels as they stand in the file: `channels` components of one type, x fastest; a value is slope · stored +
/// intercept.
struct RawPixels {
  std::vector<std::byte> bytes;
  itk::IOComponentEnum type = itk::IOComponentEnum::UNKNOWNCOMPONENTTYPE;
  int64_t channels = 1;
  int64_t voxels = 0;
  bool planar = false;  ///< one channel after the other; else interleaved
  double slope = 1, intercept = 0;
};

/// The reader and writer of a file ending; UserError naming the endings when there is none.
itk::ImageIOBase::Pointer make_image_io(const std::filesystem::path& path);

/// Runs ITK code on a file: its exceptions, and running out of memory, become one UserError line with the path.
void guard_itk(const std::filesystem::path& path, const char* doing, const std::function<void()>& work);

/// Of the header that `io` has read; axes beyond the third are left out.
Geometry geometry_of(const itk::ImageIOBase& io);

/// All voxels of the file whose header `io` has read.
RawPixels read_pixels(itk::ImageIOBase& io);

/// float32 [channels, voxels]. UserError for a component type that is no number.
at::Tensor to_float(const RawPixels& pixels, const std::filesystem::path& path);

/// int32 [channels, voxels]. UserError for the first value that is no 32-bit integer.
at::Tensor to_labels(const RawPixels& pixels, const std::filesystem::path& path);

}  // namespace medvol::imaging
