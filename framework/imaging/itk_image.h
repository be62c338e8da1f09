#pragma once
// Shows ITK: included by the sources of framework/imaging that call its filters.
#include <ATen/core/Tensor.h>

#include <itkImage.h>

#include "framework/imaging/volume.h"

namespace medvol::imaging {

/// float32 [D, H, W] on its grid as ITK has it: a copy.
itk::Image<float, 3>::Pointer itk_image(const at::Tensor& voxels, const Geometry& geometry);

/// The voxels as float32 [D, H, W]: a copy.
at::Tensor tensor_of(const itk::Image<float, 3>& image);

}  // namespace medvol::imaging
