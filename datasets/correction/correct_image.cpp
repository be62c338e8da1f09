#include "datasets/correction/correct_image.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "datasets/catalogue/nonzero.h"
#include "datasets/catalogue/read_case.h"
#include "framework/core/error.h"
#include "framework/imaging/bias_field.h"
#include "framework/imaging/components.h"
#include "framework/imaging/intensity_landmarks.h"
#include "framework/imaging/registration.h"

namespace medvol::datasets {
namespace {

imaging::Motion motion_of(plan::Registration registration) {
  switch (registration) {
    case plan::Registration::off:
    case plan::Registration::resample:
      return imaging::Motion::none;
    case plan::Registration::rigid:
      return imaging::Motion::rigid;
    case plan::Registration::affine:
      return imaging::Motion::affine;
    case plan::Registration::deformable:
      return imaging::Motion::deformable;
  }
  MEDVOL_CHECK(false, "an unknown registration");
}

/// All channels of `part` by the motion that its first one needs to lie on `first`'s.
at::Tensor onto(const imaging::Volume& part, const imaging::Volume& first, imaging::Motion motion) {
  if (motion != imaging::Motion::none && std::min(part.geometry.size[2], first.geometry.size[2]) < 4)
    throw core::UserError("too few slices to be registered in 3D", "", "use corrections.registration=resample");
  const imaging::Alignment alignment =
      imaging::register_images({first.data[0], first.geometry}, {part.data[0], part.geometry}, motion);
  std::vector<at::Tensor> channels;
  for (const at::Tensor& channel : part.data.unbind(0))
    channels.push_back(alignment.resample(channel, part.geometry, first.geometry, channel.min().item<float>()));
  return at::stack(channels);
}

/// The voxels brighter than the mean: the patient, roughly, as Nyúl takes it.
at::Tensor bright(const at::Tensor& channel) { return channel > channel.mean(); }

void clear(at::Tensor& image, const at::Tensor& outside) {
  for (at::Tensor& channel : image.unbind(0)) channel.masked_fill_(outside, channel.min().item<float>());
}

/// A mask [H, W] float32 with its holes filled: between two full slices, a hole of the plane is one of the volume.
at::Tensor filled_slice(const at::Tensor& slice) {
  const at::Tensor full = at::ones_like(slice);
  return nonzero_mask(at::stack({full, slice, full}).unsqueeze(0))[1];
}

/// bool [D, H, W]: the largest part above the threshold, its holes filled slice by slice (airways leave a volume at its
/// end, and so are no holes of the volume).
at::Tensor body_of(const at::Tensor& channel, double threshold) {
  at::Tensor body = imaging::largest_component(channel > threshold).to(at::kFloat);
  for (at::Tensor& slice : body.unbind(0)) slice.copy_(filled_slice(slice));
  return body.to(at::kBool);
}

at::Tensor border_of(const at::Tensor& channel, int64_t voxels) {
  at::Tensor border = at::ones_like(channel, at::kBool);
  at::Tensor inside = border;
  for (int64_t axis = 0; axis < 3; ++axis) {
    const int64_t size = channel.size(axis);
    if (2 * voxels < size) inside = inside.slice(axis, voxels, size - voxels);
  }
  return inside.fill_(false), border;
}

}  // namespace

imaging::Volume corrected(imaging::Volume image, const plan::Corrections& corrections) {
  at::Tensor& voxels = image.data;
  const auto each_channel = [&](const auto& change) {
    for (int64_t channel = 0; channel < voxels.size(0); ++channel)
      voxels[channel].copy_(change(voxels[channel].contiguous(), static_cast<size_t>(channel)));
  };
  if (corrections.slices)
    each_channel([&](const at::Tensor& one, size_t) { return imaging::align_slices(one, image.geometry); });
  if (corrections.body) clear(voxels, body_of(voxels[0], *corrections.body).logical_not());
  if (corrections.border) clear(voxels, border_of(voxels[0], corrections.border));
  if (corrections.bias_field)
    each_channel(
        [&](const at::Tensor& one, size_t) { return one / imaging::bias_field(one, bright(one), image.geometry); });
  if (!corrections.landmarks.empty())
    each_channel([&](const at::Tensor& one, size_t channel) {
      const at::Tensor inside = bright(one);
      // An image of one value has no histogram to match.
      return inside.any().item<bool>() ? imaging::match_intensities(one, imaging::intensity_landmarks(one, inside),
                                                                    corrections.landmarks.at(channel))
                                       : one;
    });
  return image;
}

imaging::Volume read_corrected_image(const std::vector<std::filesystem::path>& files, size_t channels,
                                     const plan::Corrections& corrections) {
  ChannelAlignment alignment;
  if (corrections.registration != plan::Registration::off)
    alignment = [&](const imaging::Volume& part, const imaging::Volume& first) {
      return onto(part, first, motion_of(corrections.registration));
    };
  imaging::Volume image = read_case_image(files, channels, alignment);
  if (!corrections.any()) return image;
  try {
    return corrected(std::move(image), corrections);
  } catch (const core::UserError& error) {
    throw core::UserError(error.what(), files.front().string());
  }
}

plan::Corrections corrections(const CorrectionOptions& options, size_t channels) {
  plan::Corrections result = options;
  if (options.histogram_reference.empty()) return result;
  const imaging::Volume reference = read_corrected_image(options.histogram_reference, channels, result);
  for (const at::Tensor& channel : reference.data.unbind(0)) {
    const at::Tensor inside = bright(channel);
    if (!inside.any().item<bool>())
      throw core::UserError("a channel has one value everywhere", options.histogram_reference.front().string(),
                            "a reference needs a histogram");
    result.landmarks.push_back(imaging::intensity_landmarks(channel, inside));
  }
  return result;
}

}  // namespace medvol::datasets
