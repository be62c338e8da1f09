#include "framework/imaging/registration.h"

#include <itkAffineTransform.h>
#include <itkBSplineTransform.h>
#include <itkBSplineTransformInitializer.h>
#include <itkCompositeTransform.h>
#include <itkCorrelationImageToImageMetricv4.h>
#include <itkEuler2DTransform.h>
#include <itkEuler3DTransform.h>
#include <itkImageRegistrationMethodv4.h>
#include <itkLBFGSBOptimizerv4.h>
#include <itkMattesMutualInformationImageToImageMetricv4.h>
#include <itkRegularStepGradientDescentOptimizerv4.h>
#include <itkResampleImageFilter.h>

#include <algorithm>
#include <cstring>

#include "framework/core/error.h"
#include "framework/imaging/itk_bridge.h"
#include "framework/imaging/itk_image.h"

namespace medvol::imaging {
namespace {

using Image = itk::Image<float, 3>;
using Slice = itk::Image<float, 2>;
using Composite = itk::CompositeTransform<double, 3>;

// Of voxels that are compared: all of a coarse level, and no more of a large image than decide.
constexpr double fewest_samples = 20000, most_samples = 200000;

/// The middle of an image's field of view: turning about it leaves the shifts small.
template <class AnyImage>
typename AnyImage::PointType centre_of(const AnyImage& image) {
  itk::ContinuousIndex<double, AnyImage::ImageDimension> middle;
  for (unsigned axis = 0; axis < AnyImage::ImageDimension; ++axis)
    middle[axis] = (double(image.GetLargestPossibleRegion().GetSize(axis)) - 1) / 2;
  typename AnyImage::PointType point;
  image.TransformContinuousIndexToPhysicalPoint(middle, point);
  return point;
}

/// One registration: levels of resolution, the metric's samples at regular places, all on one thread, so that sums have
/// one order.
template <class AnyImage, class Transform, class Metric, class Optimizer>
void search(const AnyImage& fixed, const AnyImage& moving, Transform* transform, Metric* metric, Optimizer* optimizer,
            const itk::Transform<double, AnyImage::ImageDimension, AnyImage::ImageDimension>* before,
            const RegistrationOptions& options) {
  using Method = itk::ImageRegistrationMethodv4<AnyImage, AnyImage, Transform>;
  const auto method = Method::New();
  metric->SetMaximumNumberOfWorkUnits(1);
  method->SetNumberOfWorkUnits(1);
  method->SetFixedImage(&fixed);
  method->SetMovingImage(&moving);
  method->SetMetric(metric);
  method->SetOptimizer(optimizer);
  method->SetInitialTransform(transform);
  method->InPlaceOn();
  if (before) method->SetMovingInitialTransform(before);
  const auto levels = static_cast<unsigned>(options.levels);
  typename Method::ShrinkFactorsArrayType factors(levels);
  typename Method::SmoothingSigmasArrayType sigmas(levels);
  typename Method::MetricSamplingPercentageArrayType shares(levels);
  for (unsigned level = 0; level < levels; ++level) {
    factors[level] = 1u << (levels - 1 - level);
    sigmas[level] = (factors[level] - 1) * 0.5;
    double voxels = 1;
    for (unsigned axis = 0; axis < AnyImage::ImageDimension; ++axis)
      voxels *= std::max(1.0, double(fixed.GetLargestPossibleRegion().GetSize(axis)) / factors[level]);
    shares[level] = std::min(1.0, std::clamp(options.sampling * voxels, fewest_samples, most_samples) / voxels);
  }
  method->SetNumberOfLevels(levels);
  method->SetShrinkFactorsPerLevel(factors);
  method->SetSmoothingSigmasPerLevel(sigmas);
  method->SetMetricSamplingStrategy(Method::MetricSamplingStrategyEnum::REGULAR);
  method->SetMetricSamplingPercentagePerLevel(shares);
  method->MetricSamplingReinitializeSeed(1);
  method->Update();
}

/// Steps in mm: a turn of one radian counts as the half width of the fixed image. Scales of ITK's own estimators come
/// from random samples, whose generator is one for all threads.
template <class AnyImage, class Transform>
auto step_optimizer(const AnyImage& fixed, const Transform& transform, int64_t iterations) {
  constexpr unsigned dimension = AnyImage::ImageDimension;
  double half_width = 0, voxel = 0;
  for (unsigned axis = 0; axis < dimension; ++axis) {
    voxel = std::max(voxel, fixed.GetSpacing()[axis]);
    half_width =
        std::max(half_width, double(fixed.GetLargestPossibleRegion().GetSize(axis)) * fixed.GetSpacing()[axis] / 2);
  }
  itk::Array<double> scales(transform.GetNumberOfParameters());
  scales.Fill(half_width * half_width);
  for (unsigned axis = 0; axis < dimension; ++axis) scales[scales.size() - 1 - axis] = 1;  // translations come last
  const auto optimizer = itk::RegularStepGradientDescentOptimizerv4<double>::New();
  optimizer->SetScales(scales);
  optimizer->SetDoEstimateScales(false);
  optimizer->SetDoEstimateLearningRateOnce(false);
  optimizer->SetDoEstimateLearningRateAtEachIteration(false);
  optimizer->SetLearningRate(2 * voxel);
  optimizer->SetMinimumStepLength(1e-3 * voxel);
  optimizer->SetGradientMagnitudeTolerance(1e-9);
  optimizer->SetRelaxationFactor(0.6);
  optimizer->SetNumberOfIterations(static_cast<itk::SizeValueType>(iterations));
  return optimizer;
}

auto mutual_information(int64_t bins) {
  const auto metric = itk::MattesMutualInformationImageToImageMetricv4<Image, Image>::New();
  metric->SetNumberOfHistogramBins(static_cast<itk::SizeValueType>(bins));
  metric->SetUseMovingImageGradientFilter(false);
  metric->SetUseFixedImageGradientFilter(false);
  return metric;
}

/// Improves a transform whose translations come last.
template <class Transform>
void by_steps(const Image& fixed, const Image& moving, Transform& transform, const RegistrationOptions& options) {
  const auto metric = mutual_information(options.bins);
  const auto optimizer = step_optimizer(fixed, transform, options.iterations);
  search(fixed, moving, &transform, metric.GetPointer(), optimizer.GetPointer(), nullptr, options);
}

itk::Euler3DTransform<double>::Pointer rigid(const Image& fixed, const Image& moving,
                                             const RegistrationOptions& options) {
  const auto transform = itk::Euler3DTransform<double>::New();
  transform->SetCenter(centre_of(fixed));
  by_steps(fixed, moving, *transform, options);
  return transform;
}

itk::AffineTransform<double, 3>::Pointer affine(const Image& fixed, const Image& moving,
                                                const itk::Euler3DTransform<double>& start,
                                                const RegistrationOptions& options) {
  const auto transform = itk::AffineTransform<double, 3>::New();
  transform->SetCenter(start.GetCenter());
  transform->SetMatrix(start.GetMatrix());
  transform->SetTranslation(start.GetTranslation());
  by_steps(fixed, moving, *transform, options);
  return transform;
}

itk::BSplineTransform<double, 3, 3>::Pointer deformable(const Image& fixed, const Image& moving,
                                                        const itk::Transform<double, 3, 3>& before,
                                                        const RegistrationOptions& options) {
  using Spline = itk::BSplineTransform<double, 3, 3>;
  const auto transform = Spline::New();
  Spline::MeshSizeType mesh;
  for (unsigned axis = 0; axis < 3; ++axis) {
    const double extent = double(fixed.GetLargestPossibleRegion().GetSize(axis)) * fixed.GetSpacing()[axis];
    mesh[axis] = std::max(1u, static_cast<unsigned>(extent / options.control_spacing + 0.5));
  }
  const auto initializer = itk::BSplineTransformInitializer<Spline, Image>::New();
  initializer->SetTransform(transform);
  initializer->SetImage(&fixed);
  initializer->SetTransformDomainMeshSize(mesh);
  initializer->InitializeTransform();
  transform->SetIdentity();
  const auto metric = mutual_information(options.bins);
  const auto optimizer = itk::LBFGSBOptimizerv4::New();
  const auto parameters = transform->GetNumberOfParameters();
  itk::LBFGSBOptimizerv4::BoundSelectionType unbounded(parameters);
  itk::LBFGSBOptimizerv4::BoundValueType none(parameters);
  unbounded.Fill(0);
  none.Fill(0);
  optimizer->SetBoundSelection(unbounded);
  optimizer->SetUpperBound(none);
  optimizer->SetLowerBound(none);
  optimizer->SetCostFunctionConvergenceFactor(1e7);
  optimizer->SetGradientConvergenceTolerance(1e-6);
  optimizer->SetNumberOfIterations(static_cast<unsigned>(options.iterations));
  optimizer->SetMaximumNumberOfFunctionEvaluations(static_cast<unsigned>(2 * options.iterations));
  search(fixed, moving, transform.GetPointer(), metric.GetPointer(), optimizer.GetPointer(), &before, options);
  return transform;
}

}  // namespace

struct Alignment::Transform {
  Composite::Pointer motion;
  bool linear = true;
};

Alignment::Alignment(std::shared_ptr<const Transform> transform) : transform_(std::move(transform)) {}

Alignment::Alignment() {
  const auto motion = Composite::New();
  motion->AddTransform(itk::AffineTransform<double, 3>::New());
  transform_ = std::make_shared<Transform>(Transform{motion, true});
}

std::array<double, 3> Alignment::operator()(const std::array<double, 3>& point) const {
  const auto found = transform_->motion->TransformPoint(point.data());
  return {found[0], found[1], found[2]};
}

bool Alignment::invertible() const { return transform_->linear; }

Alignment Alignment::inverse() const {
  MEDVOL_CHECK(invertible(), "a deformable motion has no inverse here");
  const auto inverse = Composite::New();
  MEDVOL_CHECK(transform_->motion->GetInverse(inverse), "a motion that flattens space");
  return Alignment(std::make_shared<Transform>(Transform{inverse, true}));
}

at::Tensor Alignment::resample(const at::Tensor& moving, const Geometry& moving_grid, const Geometry& onto,
                               float outside) const {
  at::Tensor result;
  guard_itk({}, "resample", [&] {
    const auto filter = itk::ResampleImageFilter<Image, Image>::New();
    filter->SetInput(itk_image(moving, moving_grid));
    filter->SetTransform(transform_->motion);
    filter->SetReferenceImage(itk_image(at::empty({onto.size[2], onto.size[1], onto.size[0]}), onto));
    filter->UseReferenceImageOn();
    filter->SetDefaultPixelValue(outside);
    filter->Update();
    result = tensor_of(*filter->GetOutput());
  });
  return result;
}

Alignment register_images(const Volume& fixed, const Volume& moving, Motion motion,
                          const RegistrationOptions& options) {
  if (motion == Motion::none) return {};
  const auto result = Composite::New();
  guard_itk({}, "register", [&] {
    const Image::Pointer onto = itk_image(fixed.data, fixed.geometry), image = itk_image(moving.data, moving.geometry);
    const auto turned = rigid(*onto, *image, options);
    if (motion == Motion::rigid) return result->AddTransform(turned);
    const auto sheared = affine(*onto, *image, *turned, options);
    result->AddTransform(sheared);
    if (motion == Motion::affine) return;
    // The last added is applied first: fixed → bent → sheared → moving.
    result->AddTransform(deformable(*onto, *image, *sheared, options));
  });
  return Alignment(std::make_shared<Alignment::Transform>(Alignment::Transform{result, motion != Motion::deformable}));
}

namespace {

Slice::Pointer slice_image(const at::Tensor& voxels, const Geometry& geometry) {
  const auto slice = Slice::New();
  Slice::SizeType size;
  size[0] = static_cast<itk::SizeValueType>(voxels.size(1));
  size[1] = static_cast<itk::SizeValueType>(voxels.size(0));
  slice->SetRegions(Slice::RegionType(size));
  const double spacing[2]{geometry.spacing[0], geometry.spacing[1]};
  slice->SetSpacing(spacing);
  slice->Allocate();
  const at::Tensor contiguous = voxels.contiguous();
  std::memcpy(slice->GetBufferPointer(), contiguous.const_data_ptr<float>(), sizeof(float) * size_t(voxels.numel()));
  return slice;
}

/// The slice turned and shifted onto `fixed`; as it was where the two have nothing to compare.
at::Tensor slice_onto(const at::Tensor& slice, const at::Tensor& fixed, const Geometry& geometry,
                      const RegistrationOptions& options) {
  if ((slice == slice.flatten()[0]).all().item<bool>() || (fixed == fixed.flatten()[0]).all().item<bool>())
    return slice;
  const Slice::Pointer onto = slice_image(fixed, geometry), image = slice_image(slice, geometry);
  const auto transform = itk::Euler2DTransform<double>::New();
  transform->SetCenter(centre_of(*onto));
  const auto metric = itk::CorrelationImageToImageMetricv4<Slice, Slice>::New();
  const auto optimizer = step_optimizer(*onto, *transform, options.iterations);
  search(*onto, *image, transform.GetPointer(), metric.GetPointer(), optimizer.GetPointer(), nullptr, options);
  const auto filter = itk::ResampleImageFilter<Slice, Slice>::New();
  filter->SetInput(image);
  filter->SetTransform(transform);
  filter->SetReferenceImage(onto);
  filter->UseReferenceImageOn();
  filter->SetDefaultPixelValue(slice.min().item<float>());
  filter->Update();
  const at::Tensor result = at::empty_like(slice);
  std::memcpy(result.data_ptr<float>(), filter->GetOutput()->GetBufferPointer(), sizeof(float) * size_t(slice.numel()));
  return result;
}

}  // namespace

at::Tensor align_slices(const at::Tensor& image, const Geometry& geometry, const RegistrationOptions& options) {
  MEDVOL_CHECK(image.dim() == 3 && image.scalar_type() == at::kFloat, "a stack is float32 [D, H, W]");
  const at::Tensor result = image.clone().contiguous();
  const int64_t middle = image.size(0) / 2;
  guard_itk({}, "align the slices of", [&] {
    for (int64_t z = middle + 1; z < image.size(0); ++z)
      result[z].copy_(slice_onto(image[z].contiguous(), result[z - 1], geometry, options));
    for (int64_t z = middle - 1; z >= 0; --z)
      result[z].copy_(slice_onto(image[z].contiguous(), result[z + 1], geometry, options));
  });
  return result;
}

}  // namespace medvol::imaging
