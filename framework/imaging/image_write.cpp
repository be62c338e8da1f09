#include <ATen/ATen.h>

#include <limits>

#include "framework/core/error.h"
#include "framework/imaging/image_io.h"
#include "framework/imaging/itk_bridge.h"
#include "framework/storage/file_error.h"
#include "framework/storage/temporary_name.h"

namespace medvol::imaging {
namespace {

constexpr const char* writable = ".nii .nii.gz .nrrd .mha .png .tif .tiff";

bool is_png(const std::filesystem::path& path) { return image_ending(path) == ".png"; }
bool is_tiff(const std::filesystem::path& path) { return image_ending(path).starts_with(".tif"); }

/// The integer type that holds all values of a non-empty tensor, out of those that every format knows. Picture files
/// have no signed one.
at::ScalarType smallest_type(const at::Tensor& values, bool picture) {
  const auto [low_tensor, high_tensor] = at::aminmax(values);
  const int64_t low = low_tensor.item<int64_t>();
  const int64_t high = high_tensor.item<int64_t>();
  if (low >= 0 && high <= std::numeric_limits<uint8_t>::max()) return at::kByte;
  if (picture && low >= 0 && high <= std::numeric_limits<uint16_t>::max()) return at::kUInt16;
  if (low >= std::numeric_limits<int16_t>::min() && high <= std::numeric_limits<int16_t>::max()) return at::kShort;
  if (low >= 0 && high <= std::numeric_limits<uint16_t>::max()) return at::kUInt16;
  MEDVOL_CHECK(low >= std::numeric_limits<int32_t>::min() && high <= std::numeric_limits<int32_t>::max(),
               "labels from {} to {}", low, high);
  return at::kInt;
}

itk::IOComponentEnum component_of(at::ScalarType type) {
  switch (type) {
    case at::kByte:
      return itk::IOComponentEnum::UCHAR;
    case at::kShort:
      return itk::IOComponentEnum::SHORT;
    case at::kUInt16:
      return itk::IOComponentEnum::USHORT;
    case at::kInt:
      return itk::IOComponentEnum::INT;
    case at::kFloat:
      return itk::IOComponentEnum::FLOAT;
    default:
      break;
  }
  MEDVOL_CHECK(false, "no file type for {}", c10::toString(type));
  return itk::IOComponentEnum::UNKNOWNCOMPONENTTYPE;
}

itk::IOPixelEnum pixel_of(int64_t channels, bool picture) {
  if (channels == 1) return itk::IOPixelEnum::SCALAR;
  return picture && channels == 3 ? itk::IOPixelEnum::RGB : itk::IOPixelEnum::VECTOR;
}

/// Only what the format can keep: a picture file has two axes, and no place in space.
void check_format(const std::filesystem::path& path, const at::Tensor& planes, at::ScalarType type) {
  const std::string ending = image_ending(path);
  if (ending.empty() || ending == ".nhdr" || ending == ".mhd" || ending.starts_with(".jp")) {
    throw core::UserError("images are not written with this ending", path.string(),
                          fmt::format("endings: {}", writable));
  }
  const bool picture = is_png(path) || is_tiff(path);
  if (is_png(path) && planes.size(1) != 1) {
    throw core::UserError("a 3D image does not fit into a PNG", path.string(), "write .nii.gz, .nrrd or .mha");
  }
  if (picture && planes.size(0) != 1 && planes.size(0) != 3) {
    throw core::UserError(fmt::format("{} channels do not fit into this format", planes.size(0)), path.string(),
                          "write .nii.gz, .nrrd or .mha");
  }
  const bool fits = type == at::kByte || type == at::kUInt16 || (is_tiff(path) && type != at::kInt);
  if (picture && !fits) {
    throw core::UserError("these values do not fit into this format", path.string(),
                          "whole numbers from 0 to 65535 do; write .nii.gz, .nrrd or .mha");
  }
}

void describe(itk::ImageIOBase& io, const Geometry& geometry, int dimensions) {
  io.SetNumberOfDimensions(dimensions);
  itk::ImageIORegion everything(dimensions);
  for (int axis = 0; axis < dimensions; ++axis) {
    io.SetDimensions(axis, geometry.size[axis]);
    io.SetSpacing(axis, geometry.spacing[axis]);
    io.SetOrigin(axis, geometry.origin[axis]);
    std::vector<double> column(dimensions);
    for (int row = 0; row < dimensions; ++row) column[row] = geometry.direction[3 * row + axis];
    io.SetDirection(axis, column);
    everything.SetIndex(axis, 0);
    everything.SetSize(axis, geometry.size[axis]);
  }
  io.SetIORegion(everything);
}

/// `planes` [C, D, H, W] of the type that the file shall have.
void write_planes(const std::filesystem::path& path, const at::Tensor& planes, const Geometry& geometry) {
  const auto [depth, height, width] = geometry.size_zyx();
  MEDVOL_CHECK(planes.dim() == 4 && planes.size(1) == depth && planes.size(2) == height && planes.size(3) == width,
               "a tensor of another size than its geometry {}", geometry.text());
  check_format(path, planes, planes.scalar_type());
  const itk::ImageIOBase::Pointer io = make_image_io(path);
  const bool picture = is_png(path) || is_tiff(path);
  const int dimensions = geometry.dimensions == 2 || is_png(path) || (is_tiff(path) && depth == 1) ? 2 : 3;
  const at::Tensor interleaved = planes.permute({1, 2, 3, 0}).contiguous();
  storage::make_folder(path.parent_path());
  const storage::TemporaryName temporary(path, image_ending(path));  // ITK writes by ending
  guard_itk(path, "write", [&] {
    describe(*io, geometry, dimensions);
    io->SetComponentType(component_of(planes.scalar_type()));
    io->SetPixelType(pixel_of(planes.size(0), picture));
    io->SetNumberOfComponents(planes.size(0));
    io->SetUseCompression(true);
    io->SetFileName(temporary.path().string());
    io->Write(interleaved.data_ptr());
  });
  storage::replace_file(temporary.path(), path);
}

/// Picture files hold whole numbers: the image's values as the type that keeps them, or as they are when none does.
at::Tensor for_picture(const at::Tensor& image) {
  const bool whole = image.isfinite().all().item<bool>() && image.equal(image.round()) &&
                     image.min().item<float>() >= 0 && image.max().item<float>() <= 65535;
  return whole ? image.to(smallest_type(image, true)) : image;
}

}  // namespace

void write_image(const std::filesystem::path& path, const Volume& image) {
  const at::Tensor data = image.data.detach().to(at::kCPU, at::kFloat);
  write_planes(path, is_png(path) || is_tiff(path) ? for_picture(data) : data, image.geometry);
}

void write_labels(const std::filesystem::path& path, const Volume& labels) {
  MEDVOL_CHECK(labels.data.dim() == 3 && labels.data.numel() > 0, "labels are [D, H, W]");
  const at::Tensor data = labels.data.detach().to(at::kCPU, at::kLong);
  write_planes(path, data.to(smallest_type(data, is_png(path) || is_tiff(path))).unsqueeze(0), labels.geometry);
}

}  // namespace medvol::imaging
