#include "framework/imaging/nifti_voxels.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <memory>

#include "framework/core/error.h"

namespace medvol::imaging {
namespace {

using GzFile = std::unique_ptr<gzFile_s, int (*)(gzFile)>;

/// The fields of a NIfTI-1 or NIfTI-2 header that say how voxels are stored (nifti1.h, nifti2.h).
struct VoxelHeader {
  int16_t datatype = 0;
  int64_t offset = 0;  ///< of the first voxel in the file
  double slope = 0, intercept = 0;
  bool swapped = false;
};

template <class Value>
Value field(const std::vector<char>& bytes, size_t offset, bool swapped) {
  std::array<char, sizeof(Value)> raw;
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(offset), sizeof(Value), raw.begin());
  if (swapped) std::reverse(raw.begin(), raw.end());
  Value value;
  std::memcpy(&value, raw.data(), sizeof(Value));
  return value;
}

/// Reads exactly `size` bytes of the (perhaps compressed) stream.
void read_exactly(gzFile file, void* to, size_t size, const std::filesystem::path& path) {
  constexpr size_t piece = size_t{1} << 30;  // gzread counts in int
  for (char* next = static_cast<char*>(to); size > 0;) {
    const int got = gzread(file, next, static_cast<unsigned>(std::min(size, piece)));
    int code = Z_OK;
    gzerror(file, &code);
    if (got < 0 && code != Z_BUF_ERROR) throw core::UserError("the compressed file is damaged", path.string());
    if (got <= 0) throw core::UserError("the file is truncated", path.string(), "copy or download it again");
    next += got;
    size -= static_cast<size_t>(got);
  }
}

/// Reads to the end of the stream, where zlib compares the checksum.
void check_rest(gzFile file, const std::filesystem::path& path) {
  std::vector<char> scratch(1 << 16);
  int got;
  while ((got = gzread(file, scratch.data(), static_cast<unsigned>(scratch.size()))) > 0) {
  }
  int code = Z_OK;
  gzerror(file, &code);
  if (got < 0 || code != Z_OK) {
    throw core::UserError(code == Z_BUF_ERROR ? "the file is truncated" : "the compressed file is damaged",
                          path.string(), "copy or download it again");
  }
}

VoxelHeader read_header(gzFile file, const std::filesystem::path& path) {
  constexpr size_t nifti1_size = 348, nifti2_size = 540;
  std::vector<char> bytes(nifti1_size);
  read_exactly(file, bytes.data(), bytes.size(), path);
  VoxelHeader header;
  const auto size_field = [&](bool swapped) { return field<int32_t>(bytes, 0, swapped); };
  header.swapped = size_field(true) == nifti1_size || size_field(true) == nifti2_size;
  if (size_field(header.swapped) == nifti1_size) {
    header.datatype = field<int16_t>(bytes, 70, header.swapped);
    header.offset = static_cast<int64_t>(field<float>(bytes, 108, header.swapped));
    header.slope = field<float>(bytes, 112, header.swapped);
    header.intercept = field<float>(bytes, 116, header.swapped);
  } else if (size_field(header.swapped) == nifti2_size) {
    bytes.resize(nifti2_size);
    read_exactly(file, bytes.data() + nifti1_size, nifti2_size - nifti1_size, path);
    header.datatype = field<int16_t>(bytes, 12, header.swapped);
    header.offset = field<int64_t>(bytes, 168, header.swapped);
    header.slope = field<double>(bytes, 176, header.swapped);
    header.intercept = field<double>(bytes, 184, header.swapped);
  } else {
    throw core::UserError("this is no NIfTI header", path.string(), "the file is damaged");
  }
  return header;
}

/// NIfTI's datatype codes that hold real numbers; RGB and RGBA are bytes, interleaved.
itk::IOComponentEnum component_of(int16_t datatype, const std::filesystem::path& path) {
  switch (datatype) {
    case 2:
    case 128:
    case 2304:
      return itk::IOComponentEnum::UCHAR;
    case 4:
      return itk::IOComponentEnum::SHORT;
    case 8:
      return itk::IOComponentEnum::INT;
    case 16:
      return itk::IOComponentEnum::FLOAT;
    case 64:
      return itk::IOComponentEnum::DOUBLE;
    case 256:
      return itk::IOComponentEnum::CHAR;
    case 512:
      return itk::IOComponentEnum::USHORT;
    case 768:
      return itk::IOComponentEnum::UINT;
    case 1024:
      return itk::IOComponentEnum::LONGLONG;
    case 1280:
      return itk::IOComponentEnum::ULONGLONG;
    default:
      break;
  }
  throw core::UserError(fmt::format("voxels of NIfTI datatype {} are not read", datatype), path.string(),
                        "save integers or floats");
}

size_t bytes_of(itk::IOComponentEnum type) {
  switch (type) {
    case itk::IOComponentEnum::UCHAR:
    case itk::IOComponentEnum::CHAR:
      return 1;
    case itk::IOComponentEnum::SHORT:
    case itk::IOComponentEnum::USHORT:
      return 2;
    case itk::IOComponentEnum::INT:
    case itk::IOComponentEnum::UINT:
    case itk::IOComponentEnum::FLOAT:
      return 4;
    default:
      return 8;
  }
}

void swap_bytes(std::vector<std::byte>& bytes, size_t width) {
  for (size_t i = 0; width > 1 && i < bytes.size(); i += width) std::reverse(&bytes[i], &bytes[i] + width);
}

}  // namespace

RawPixels read_nifti_voxels(const std::filesystem::path& path, const itk::ImageIOBase& io) {
  const GzFile file(gzopen(path.c_str(), "rb"), gzclose);
  if (!file) throw core::UserError("cannot open the image", path.string());
  gzbuffer(file.get(), 1 << 17);
  const VoxelHeader header = read_header(file.get(), path);
  RawPixels pixels;
  pixels.type = component_of(header.datatype, path);
  pixels.channels = io.GetNumberOfComponents();
  pixels.voxels = static_cast<int64_t>(io.GetImageSizeInPixels());
  pixels.planar = header.datatype != 128 && header.datatype != 2304;
  if (std::isfinite(header.slope) && std::isfinite(header.intercept) && header.slope != 0) {
    pixels.slope = header.slope;
    pixels.intercept = header.intercept;
  }
  const size_t width = bytes_of(pixels.type);
  if (header.offset < gztell(file.get()) || gzseek(file.get(), header.offset, SEEK_SET) < 0) {
    throw core::UserError("the file is truncated or its header damaged", path.string(), "copy or download it again");
  }
  pixels.bytes.resize(static_cast<size_t>(pixels.voxels * pixels.channels) * width);
  read_exactly(file.get(), pixels.bytes.data(), pixels.bytes.size(), path);
  check_rest(file.get(), path);
  if (header.swapped) swap_bytes(pixels.bytes, width);
  return pixels;
}

}  // namespace medvol::imaging
