#include "framework/imaging/largest_component.h"

#include <itkConnectedComponentImageFilter.h>
#include <itkRelabelComponentImageFilter.h>

#include "framework/core/error.h"
#include "framework/imaging/itk_bridge.h"
#include "framework/imaging/itk_image.h"

namespace medvol::imaging {

at::Tensor largest_component(const at::Tensor& mask) {
  MEDVOL_CHECK(mask.dim() == 3 && mask.scalar_type() == at::kBool, "a mask is bool [D, H, W]");
  using Mask = itk::Image<float, 3>;
  using Labels = itk::Image<uint32_t, 3>;
  const at::Tensor largest = at::empty_like(mask, at::MemoryFormat::Contiguous);
  guard_itk({}, "find the components of", [&] {
    Geometry grid;
    for (int axis = 0; axis < 3; ++axis) grid.size[axis] = mask.size(2 - axis);
    const auto components = itk::ConnectedComponentImageFilter<Mask, Labels>::New();
    components->SetInput(itk_image(mask, grid));
    const auto sorted = itk::RelabelComponentImageFilter<Labels, Labels>::New();
    sorted->SetInput(components->GetOutput());
    sorted->Update();
    const uint32_t* labels = sorted->GetOutput()->GetBufferPointer();
    for (int64_t i = 0; i < mask.numel(); ++i) largest.data_ptr<bool>()[i] = labels[i] == 1;
  });
  return largest;
}

}  // namespace medvol::imaging
