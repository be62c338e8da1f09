#include "framework/imaging/components.h"

#include <itkConnectedComponentImageFilter.h>
#include <itkRelabelComponentImageFilter.h>

#include <algorithm>

#include "framework/core/error.h"
#include "framework/imaging/itk_bridge.h"
#include "framework/imaging/itk_image.h"

namespace medvol::imaging {

at::Tensor components(const at::Tensor& mask, Connectivity connectivity) {
  MEDVOL_CHECK(mask.dim() == 3 && mask.scalar_type() == at::kBool, "a mask is bool [D, H, W]");
  using Mask = itk::Image<float, 3>;
  using Labels = itk::Image<uint32_t, 3>;
  const at::Tensor found = at::empty(mask.sizes(), at::kInt);
  guard_itk({}, "find the components of", [&] {
    Geometry grid;
    for (int axis = 0; axis < 3; ++axis) grid.size[axis] = mask.size(2 - axis);
    const auto connected = itk::ConnectedComponentImageFilter<Mask, Labels>::New();
    connected->SetInput(itk_image(mask, grid));
    connected->SetFullyConnected(connectivity == Connectivity::corners);
    const auto sorted = itk::RelabelComponentImageFilter<Labels, Labels>::New();
    sorted->SetInput(connected->GetOutput());
    sorted->Update();
    std::copy_n(sorted->GetOutput()->GetBufferPointer(), mask.numel(), found.data_ptr<int32_t>());
  });
  return found;
}

at::Tensor largest_component(const at::Tensor& mask) { return components(mask) == 1; }

}  // namespace medvol::imaging
