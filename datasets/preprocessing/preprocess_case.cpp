#include "datasets/preprocessing/preprocess_case.h"

#include <torch/types.h>

#include <algorithm>

#include "datasets/catalogue/nonzero.h"
#include "datasets/catalogue/read_case.h"
#include "datasets/preprocessing/normalize.h"
#include "framework/core/error.h"
#include "framework/imaging/resample.h"

namespace medvol::datasets {
namespace {

at::Tensor cropped(const at::Tensor& from, const Box& box) {
  at::Tensor result = from;
  for (int64_t axis = 0; axis < 3; ++axis)
    result = result.narrow(from.dim() - 3 + axis, box.begin[size_t(axis)], box.size[size_t(axis)]);
  return result.contiguous();
}

void check_labels(const imaging::Volume& labels, const imaging::Geometry& grid) {
  if (const std::string what = grid_difference(labels.geometry, grid); !what.empty())
    throw core::UserError(what, "", hints::grid);
  const int64_t highest = labels.data.max().item<int64_t>();
  if (highest > 255 || labels.data.min().item<int64_t>() < 0)
    throw core::UserError(fmt::format("the label {} does not fit a byte", highest), "", "labels are 0 to 255");
}

void check_input(const imaging::Volume& image, const std::optional<imaging::Volume>& labels, const plan::Plan& plan) {
  const auto channels = static_cast<int64_t>(plan.normalization.size());
  if (image.data.size(0) != channels)
    throw core::UserError(fmt::format("{} channels found, the plan is for {}", image.data.size(0), channels), "",
                          "a file a channel, in the order of the plan");
  if (const std::string what = non_finite_values(image.data.contiguous()); !what.empty())
    throw core::UserError(what, "", hints::non_finite);
  if (labels) check_labels(*labels, image.geometry);
}

/// Labels of files as the classes that training counts: uint8.
at::Tensor classes_of(const at::Tensor& labels, const plan::Plan& plan) {
  at::Tensor table = at::zeros({256}, at::kByte);
  const std::vector<int64_t> known = plan.class_labels();
  for (size_t i = 0; i < known.size(); ++i) table[known[i]] = static_cast<int64_t>(i);
  if (plan.ignore_label) table[*plan.ignore_label] = *plan.ignore_class();
  return table.index_select(0, labels.reshape({-1}).to(at::kInt)).view(labels.sizes());
}

/// The mask is taken before the first channel changes, and shared by all.
void normalize_all(at::Tensor& image, const plan::Plan& plan) {
  const auto& masked = plan.normalize_inside_mask;
  const at::Tensor mask =
      std::find(masked.begin(), masked.end(), true) != masked.end() ? nonzero_mask(image) : at::Tensor();
  for (size_t i = 0; i < plan.normalization.size(); ++i) {
    at::Tensor channel = image[static_cast<int64_t>(i)];
    normalize(channel, plan.normalization[i], plan.intensities.at(i), masked.at(i) ? mask : at::Tensor());
  }
}

}  // namespace

PreprocessedCase preprocess_case(const imaging::Volume& image, const std::optional<imaging::Volume>& labels,
                                 const plan::Plan& plan) {
  check_input(image, labels, plan);
  imaging::GridTransform transform =
      imaging::GridTransform::start(image.geometry).orient_to_ras().transpose(plan.transpose_forward);
  at::Tensor voxels = transform.apply_image(image.data).contiguous();

  const Box box = nonzero_box(voxels);
  transform.crop(box.begin, box.size);
  voxels = cropped(voxels, box).clone();

  // Before resampling: interpolation would blur the mask's edge.
  normalize_all(voxels, plan);

  const std::array<double, 3> old_spacing = transform.network_geometry().spacing_zyx();
  MEDVOL_CHECK(plan.spacing.size() == 3, "a plan without spacing");
  const std::array<double, 3> spacing{plan.dimensions == 2 ? old_spacing[0] : plan.spacing[0], plan.spacing[1],
                                      plan.spacing[2]};
  transform.resample(spacing);
  const std::array<int64_t, 3> shape = transform.network_geometry().size_zyx();
  if (shape != box.size)
    voxels = imaging::resample_image_apart(voxels, shape, 3, imaging::anisotropic_axis(old_spacing, spacing));
  const at::Tensor annotation = labels ? classes_on_network_grid(*labels, transform, plan) : at::Tensor();
  return {voxels, annotation, std::move(transform)};
}

at::Tensor classes_on_network_grid(const imaging::Volume& labels, const imaging::GridTransform& transform,
                                   const plan::Plan& plan) {
  check_labels(labels, transform.file_geometry());
  return transform.apply_labels(classes_of(labels.data, plan));
}

at::Tensor with_previous_stage(const at::Tensor& image, const at::Tensor& previous, int64_t labels) {
  std::vector<at::Tensor> channels{image};
  for (int64_t label = 1; label <= labels; ++label) channels.push_back((previous == label).to(image).unsqueeze(0));
  return at::cat(channels);
}

}  // namespace medvol::datasets
