#include "framework/imaging/itk_bridge.h"

#include <itkJPEGImageIO.h>
#include <itkMetaImageIO.h>
#include <itkMultiThreaderBase.h>
#include <itkNiftiImageIO.h>
#include <itkNrrdImageIO.h>
#include <itkPNGImageIO.h>
#include <itkTIFFImageIO.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "framework/core/error.h"
#include "framework/imaging/image_io.h"

namespace medvol::imaging {
namespace {

/// Calls work(T{}) with the C++ type of the components.
template <class Work>
void with_component_type(itk::IOComponentEnum type, const std::filesystem::path& path, const Work& work) {
  switch (type) {
    case itk::IOComponentEnum::UCHAR:
      return work(static_cast<unsigned char>(0));
    case itk::IOComponentEnum::CHAR:
      return work(static_cast<signed char>(0));
    case itk::IOComponentEnum::USHORT:
      return work(static_cast<unsigned short>(0));
    case itk::IOComponentEnum::SHORT:
      return work(static_cast<short>(0));
    case itk::IOComponentEnum::UINT:
      return work(0u);
    case itk::IOComponentEnum::INT:
      return work(0);
    case itk::IOComponentEnum::ULONG:
      return work(0ul);
    case itk::IOComponentEnum::LONG:
      return work(0l);
    case itk::IOComponentEnum::ULONGLONG:
      return work(0ull);
    case itk::IOComponentEnum::LONGLONG:
      return work(0ll);
    case itk::IOComponentEnum::FLOAT:
      return work(0.0f);
    case itk::IOComponentEnum::DOUBLE:
      return work(0.0);
    default:
      throw core::UserError("voxels of type " + itk::ImageIOBase::GetComponentTypeAsString(type) + " are not read",
                            path.string(), "save integers or floats");
  }
}

/// Components of the file → planes [channels, voxels], each value rescaled and through `convert`.
template <class Out, class Convert>
at::Tensor to_planes(const RawPixels& pixels, const std::filesystem::path& path, at::ScalarType dtype,
                     const Convert& convert) {
  at::Tensor planes = at::empty({pixels.channels, pixels.voxels}, dtype);
  Out* out = planes.data_ptr<Out>();
  with_component_type(pixels.type, path, [&](auto example) {
    const auto* in = reinterpret_cast<const decltype(example)*>(pixels.bytes.data());
    const int64_t step = pixels.planar ? 1 : pixels.channels;
    const bool rescaled = pixels.slope != 1 || pixels.intercept != 0;
    for (int64_t channel = 0; channel < pixels.channels; ++channel) {
      const auto* from = in + (pixels.planar ? channel * pixels.voxels : channel);
      Out* to = out + channel * pixels.voxels;
      for (int64_t voxel = 0; voxel < pixels.voxels; ++voxel) {
        const auto stored = from[voxel * step];
        to[voxel] = rescaled ? convert(static_cast<double>(stored) * pixels.slope + pixels.intercept) : convert(stored);
      }
    }
  });
  return planes;
}

template <class Value>
int32_t to_label(Value value, const std::filesystem::path& path) {
  bool whole;
  if constexpr (std::is_floating_point_v<Value>) {
    // The limits as doubles: every int32 is exact there, and NaN fails both comparisons.
    whole = value >= -2147483648.0 && value <= 2147483647.0 && value == std::nearbyint(value);
  } else {
    whole = std::in_range<int32_t>(value);
  }
  if (!whole) {
    throw core::UserError(fmt::format("a label map holds {}, which is not a 32-bit integer", value), path.string(),
                          "save labels as integers; is this an image or a probability map?");
  }
  return static_cast<int32_t>(value);
}

/// ITK's descriptions run over several lines and begin with the class and its address: what is left is the sentence.
std::string sentence_of(const itk::ExceptionObject& error) {
  constexpr size_t longest = 200;
  std::string text = error.GetDescription() ? error.GetDescription() : "";
  std::replace(text.begin(), text.end(), '\n', ' ');
  if (const size_t address = text.find("(0x"); address != std::string::npos) {
    const size_t end = text.find("): ", address);
    if (end != std::string::npos) text = text.substr(end + 3);
  }
  const size_t begin = text.find_first_not_of(' ');
  if (begin == std::string::npos) return "no reason given";
  text = text.substr(begin, text.find_last_not_of(' ') - begin + 1);
  return text.size() > longest ? text.substr(0, longest) + "..." : text;
}

/// ITK makes its globals (object factories, time stamps, singletons) at their first use, which it does not guard
/// against other threads.
void make_globals() {
  static const bool made = [] {
    itk::Object::GlobalWarningDisplayOff();
    // Cases are done side by side; within one, sums keep one order.
    itk::MultiThreaderBase::SetGlobalDefaultNumberOfThreads(1);
    itk::NiftiImageIO::New();
    return true;
  }();
  static_cast<void>(made);
}

}  // namespace

itk::ImageIOBase::Pointer make_image_io(const std::filesystem::path& path) {
  make_globals();
  const std::string ending = image_ending(path);
  if (ending == ".nii" || ending == ".nii.gz") return itk::NiftiImageIO::New().GetPointer();
  if (ending == ".nrrd" || ending == ".nhdr") return itk::NrrdImageIO::New().GetPointer();
  if (ending == ".mha" || ending == ".mhd") return itk::MetaImageIO::New().GetPointer();
  if (ending == ".png") return itk::PNGImageIO::New().GetPointer();
  if (ending == ".tif" || ending == ".tiff") return itk::TIFFImageIO::New().GetPointer();
  if (ending == ".jpg" || ending == ".jpeg") return itk::JPEGImageIO::New().GetPointer();
  throw core::UserError("unknown image format", path.string(),
                        "known endings: .nii .nii.gz .nrrd .nhdr .mha .mhd .png .tif .tiff .jpg .jpeg");
}

void guard_itk(const std::filesystem::path& path, const char* doing, const std::function<void()>& work) {
  make_globals();
  try {
    work();
  } catch (const core::UserError&) {
    throw;
  } catch (const itk::ExceptionObject& error) {
    throw core::UserError(fmt::format("cannot {} the image: {}", doing, sentence_of(error)), path.string());
  } catch (const std::bad_alloc&) {
    throw core::UserError(fmt::format("cannot {} the image: out of memory", doing), path.string(),
                          "the image is too large, or its header is damaged");
  } catch (const std::length_error&) {
    throw core::UserError(fmt::format("cannot {} the image: impossible size", doing), path.string(),
                          "its header is damaged");
  }
}

Geometry geometry_of(const itk::ImageIOBase& io) {
  Geometry geometry;
  const int dimensions = std::min<int>(3, io.GetNumberOfDimensions());
  geometry.dimensions = std::max(2, dimensions);
  for (int axis = 0; axis < dimensions; ++axis) {
    geometry.size[axis] = static_cast<int64_t>(io.GetDimensions(axis));
    geometry.spacing[axis] = io.GetSpacing(axis);
    geometry.origin[axis] = io.GetOrigin(axis);
    const std::vector<double> column = io.GetDirection(axis);
    for (int row = 0; row < dimensions; ++row) geometry.direction[3 * row + axis] = column[row];
  }
  return geometry;
}

RawPixels read_pixels(itk::ImageIOBase& io) {
  itk::ImageIORegion everything(io.GetNumberOfDimensions());
  for (unsigned axis = 0; axis < io.GetNumberOfDimensions(); ++axis) {
    everything.SetIndex(axis, 0);
    everything.SetSize(axis, io.GetDimensions(axis));
  }
  io.SetIORegion(everything);
  RawPixels pixels;
  pixels.type = io.GetComponentType();
  pixels.channels = io.GetNumberOfComponents();
  pixels.voxels = static_cast<int64_t>(io.GetImageSizeInPixels());
  pixels.bytes.resize(io.GetImageSizeInBytes());
  io.Read(pixels.bytes.data());
  return pixels;
}

at::Tensor to_float(const RawPixels& pixels, const std::filesystem::path& path) {
  return to_planes<float>(pixels, path, at::kFloat, [](auto value) { return static_cast<float>(value); });
}

at::Tensor to_labels(const RawPixels& pixels, const std::filesystem::path& path) {
  return to_planes<int32_t>(pixels, path, at::kInt, [&](auto value) { return to_label(value, path); });
}

}  // namespace medvol::imaging
