#include "framework/imaging/itk_image.h"

#include <ATen/ATen.h>

#include <cstddef>
#include <cstring>

namespace medvol::imaging {

itk::Image<float, 3>::Pointer itk_image(const at::Tensor& voxels, const Geometry& geometry) {
  using Image = itk::Image<float, 3>;
  const Image::Pointer image = Image::New();
  Image::SizeType size;
  Image::SpacingType spacing;
  Image::PointType origin;
  Image::DirectionType direction;
  for (unsigned axis = 0; axis < 3; ++axis) {
    size[axis] = static_cast<itk::SizeValueType>(geometry.size[axis]);
    spacing[axis] = geometry.spacing[axis];
    origin[axis] = geometry.origin[axis];
    for (unsigned row = 0; row < 3; ++row) direction[row][axis] = geometry.direction[3 * row + axis];
  }
  image->SetRegions(Image::RegionType(size));
  image->SetSpacing(spacing);
  image->SetOrigin(origin);
  image->SetDirection(direction);
  image->Allocate();
  const at::Tensor contiguous = voxels.to(at::kFloat).contiguous();
  std::memcpy(image->GetBufferPointer(), contiguous.const_data_ptr<float>(), sizeof(float) * size_t(voxels.numel()));
  return image;
}

at::Tensor tensor_of(const itk::Image<float, 3>& image) {
  const auto size = image.GetLargestPossibleRegion().GetSize();
  const at::Tensor voxels = at::empty({int64_t(size[2]), int64_t(size[1]), int64_t(size[0])}, at::kFloat);
  std::memcpy(voxels.data_ptr<float>(), image.GetBufferPointer(), sizeof(float) * size_t(voxels.numel()));
  return voxels;
}

}  // namespace medvol::imaging
