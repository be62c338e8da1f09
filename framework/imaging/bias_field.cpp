#include "framework/imaging/bias_field.h"

#include <itkBSplineControlPointImageFilter.h>
#include <itkN4BiasFieldCorrectionImageFilter.h>
#include <itkShrinkImageFilter.h>

#include "framework/core/error.h"
#include "framework/imaging/itk_bridge.h"
#include "framework/imaging/itk_image.h"

namespace medvol::imaging {
namespace {

using Image = itk::Image<float, 3>;
using N4 = itk::N4BiasFieldCorrectionImageFilter<Image, Image, Image>;

Image::Pointer shrunk(const Image::Pointer& image, int64_t factor) {
  const auto filter = itk::ShrinkImageFilter<Image, Image>::New();
  filter->SetInput(image);
  const auto size = image->GetLargestPossibleRegion().GetSize();
  // An axis of few voxels stays: a spline of order 3 needs some.
  for (unsigned axis = 0; axis < 3; ++axis)
    filter->SetShrinkFactor(axis, size[axis] >= 8 * itk::SizeValueType(factor) ? unsigned(factor) : 1u);
  filter->Update();
  return filter->GetOutput();
}

/// The logarithm of the field, on the grid of `onto`: the lattice spans the field of view, whatever grid it was fitted
/// on.
at::Tensor on_grid(const N4::BiasFieldControlPointLatticeType* lattice, const Image& onto) {
  using Field = itk::Image<itk::Vector<float, 1>, 3>;
  const auto filter = itk::BSplineControlPointImageFilter<N4::BiasFieldControlPointLatticeType, Field>::New();
  filter->SetInput(lattice);
  filter->SetOrigin(onto.GetOrigin());
  filter->SetSpacing(onto.GetSpacing());
  filter->SetDirection(onto.GetDirection());
  filter->SetSize(onto.GetLargestPossibleRegion().GetSize());
  filter->SetSplineOrder(3);
  filter->Update();
  const auto size = onto.GetLargestPossibleRegion().GetSize();
  const at::Tensor field = at::empty({int64_t(size[2]), int64_t(size[1]), int64_t(size[0])}, at::kFloat);
  const auto* values = filter->GetOutput()->GetBufferPointer();
  for (int64_t i = 0; i < field.numel(); ++i) field.data_ptr<float>()[i] = values[i][0];
  return field;
}

}  // namespace

at::Tensor bias_field(const at::Tensor& image, const at::Tensor& inside, const Geometry& geometry,
                      const BiasFieldOptions& options) {
  MEDVOL_CHECK(image.dim() == 3 && image.sizes() == inside.sizes(), "an image and its mask are [D, H, W] both");
  const at::Tensor counted = inside.logical_and(image > 0);
  if (!counted.any().item<bool>()) return at::ones_like(image);
  at::Tensor log_field;
  guard_itk({}, "correct the bias field of", [&] {
    const Image::Pointer full = itk_image(image, geometry);
    const N4::Pointer n4 = N4::New();
    n4->SetNumberOfWorkUnits(1);  // its sums depend on how the image is cut
    n4->SetInput(shrunk(full, options.shrink));
    n4->SetMaskImage(shrunk(itk_image(counted, geometry), options.shrink));
    n4->SetMaskLabel(1);
    n4->SetUseMaskLabel(true);
    n4->SetNumberOfFittingLevels(static_cast<unsigned>(options.levels));
    N4::VariableSizeArrayType iterations(static_cast<unsigned>(options.levels));
    iterations.Fill(static_cast<unsigned>(options.iterations));
    n4->SetMaximumNumberOfIterations(iterations);
    n4->SetConvergenceThreshold(1e-3);
    n4->Update();
    log_field = on_grid(n4->GetLogBiasFieldControlPointLattice(), *full);
  });
  log_field -= log_field.masked_select(counted).mean();
  return log_field.exp();
}

}  // namespace medvol::imaging
