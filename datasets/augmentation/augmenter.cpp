#include "datasets/augmentation/augmenter.h"

#include "datasets/augmentation/blur.h"
#include "datasets/augmentation/intensity.h"
#include "datasets/augmentation/low_resolution.h"
#include "datasets/augmentation/noise.h"
#include "datasets/augmentation/spatial.h"
#include "framework/core/error.h"

namespace medvol::datasets {
namespace {

/// nnU-Net's order; the steps on one channel follow each other while it is in the cache.
void change_channel(const AugmentationSpecification& specification, const AugmentationDraws& draws, uint32_t channel,
                    float* values, AugmentationScratch& scratch) {
  const Index3& size = specification.patch_size;
  const ChannelDraws& drawn = draws.channels[channel];
  const int64_t count = voxel_count(size);
  if (draws.noise_sigma > 0) add_noise(values, count, float(draws.noise_sigma), draws.noise_key, channel);
  if (drawn.blur_sigma[0] > 0 || drawn.blur_sigma[1] > 0 || drawn.blur_sigma[2] > 0)
    blur(values, size, drawn.blur_sigma, scratch.values, scratch.row_values);
  ChannelIntensity intensity(values, count);
  if (drawn.brightness != 1) intensity.multiply(drawn.brightness);
  if (drawn.contrast != 1) intensity.stretch(drawn.contrast);
  if (drawn.low_resolution != 1) {
    // Linear and of weights that sum to 1, so it may come before the linear steps that are only noted.
    simulate_low_resolution(values, size, drawn.low_resolution, specification.in_plane, scratch.values,
                            scratch.row_values, scratch.row_indices);
    intensity.forget_statistics();
  }
  if (drawn.gamma_inverted != 1) intensity.curve(drawn.gamma_inverted, true);
  if (drawn.gamma != 1) intensity.curve(drawn.gamma, false);
  intensity.finish();
}

}  // namespace

Augmenter::Augmenter(const AugmentationOptions& options, const std::vector<int64_t>& patch_size)
    : specification_(specify(options, patch_size)) {}

void Augmenter::apply(const SourcePatch& source, runtime::Philox& random, float* image_out, uint8_t* labels_out,
                      AugmentationScratch& scratch) const {
  draw(specification_, source.channels, random, scratch.draws);
  execute(scratch.draws, source, image_out, labels_out, scratch);
}

void Augmenter::execute(const AugmentationDraws& draws, const SourcePatch& source, float* image_out,
                        uint8_t* labels_out, AugmentationScratch& scratch) const {
  const Index3& patch = specification_.patch_size;
  MEDVOL_CHECK(static_cast<int64_t>(draws.channels.size()) == source.channels, "{} channels drawn for {}",
               draws.channels.size(), source.channels);
  if (draws.interpolate)
    gather(source, patch, specification_.in_plane, draws, image_out, labels_out, scratch.row_values,
           scratch.row_indices);
  else
    crop(source, patch, draws.mirror, image_out, labels_out);
  for (int64_t channel = 0; channel < source.channels; ++channel)
    change_channel(specification_, draws, static_cast<uint32_t>(channel), image_out + channel * voxel_count(patch),
                   scratch);
}

}  // namespace medvol::datasets
