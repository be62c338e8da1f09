#include "datasets/augmentation/augmenter.h"

#include "datasets/augmentation/blur.h"
#include "datasets/augmentation/cut_out.h"
#include "datasets/augmentation/elastic.h"
#include "datasets/augmentation/intensity.h"
#include "datasets/augmentation/low_resolution.h"
#include "datasets/augmentation/noise.h"
#include "datasets/augmentation/scanner_artefacts.h"
#include "datasets/augmentation/sharpening.h"
#include "datasets/augmentation/spatial.h"
#include "framework/core/error.h"

namespace medvol::datasets {
namespace {

/// The specification's order; the steps on one channel follow each other while it is in the cache.
class ChannelSteps {
 public:
  ChannelSteps(const AugmentationSpecification& specification, const AugmentationDraws& draws, uint32_t channel,
               float* values, AugmentationScratch& scratch)
      : specification_(specification),
        draws_(draws),
        drawn_(draws.channels[channel]),
        size_(specification.patch_size),
        channel_(channel),
        values_(values),
        scratch_(scratch) {}

  void run() {
    for (const ScannerArtefact& artefact : scanner_artefacts()) apply_artefact(artefact, drawn_, size_, values_);
    const bool noise_last = specification_.options.noise.after_blur;
    if (!noise_last) noise();
    smooth();
    if (noise_last) noise();
    intensities();
    local_steps();
  }

 private:
  void noise() {
    if (draws_.noise_sigma > 0)
      add_noise(values_, voxel_count(size_), float(draws_.noise_sigma), draws_.noise_key, channel_);
  }
  void smooth() {
    const auto& sigma = drawn_.blur_sigma;
    if (drawn_.median > 1) median_filter(values_, size_, drawn_.median, scratch_.median);
    if (sigma[0] > 0 || sigma[1] > 0 || sigma[2] > 0) blur(values_, size_, sigma, scratch_.values, scratch_.row_values);
  }
  void intensities() {
    ChannelIntensity intensity(values_, voxel_count(size_));
    if (drawn_.brightness != 1) intensity.multiply(drawn_.brightness);
    if (drawn_.brightness_shift != 0) intensity.shift(drawn_.brightness_shift);
    if (drawn_.contrast != 1) intensity.stretch(drawn_.contrast, drawn_.keep_range);
    if (drawn_.low_resolution != 1) {
      // Linear and of weights that sum to 1, so it may come before the linear steps that are only noted.
      simulate_low_resolution(values_, size_, drawn_.low_resolution, specification_.in_plane, scratch_.values,
                              scratch_.row_values, scratch_.row_indices);
      intensity.forget_statistics();
    }
    if (drawn_.gamma_inverted != 1) intensity.curve(drawn_.gamma_inverted, true);
    if (drawn_.gamma != 1) intensity.curve(drawn_.gamma, specification_.options.gamma.inverted);
    intensity.finish();
    apply_artefact(histogram_shift(), drawn_, size_, values_);
  }
  void local_steps() {
    if (!drawn_.cut_out.empty()) datasets::cut_out(values_, size_, drawn_.cut_out);
    if (drawn_.gradient != 0) {
      make_window(drawn_.gradient_window, size_, scratch_.window);
      add_window(values_, size_, scratch_.window, drawn_.gradient);
    }
    if (drawn_.local_gamma != 1) {
      make_window(drawn_.local_gamma_window, size_, scratch_.window);
      datasets::local_gamma(values_, size_, scratch_.window, drawn_.local_gamma);
    }
    if (drawn_.sharpening != 0) sharpen(values_, size_, drawn_.sharpening, scratch_.values);
  }

  const AugmentationSpecification& specification_;
  const AugmentationDraws& draws_;
  const ChannelDraws& drawn_;
  const Index3& size_;
  uint32_t channel_;
  float* values_;
  AugmentationScratch& scratch_;
};

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
  if (!draws.elastic.shifts.empty())
    gather_elastic(source, patch, draws, image_out, labels_out);
  else if (draws.interpolate)
    gather(source, patch, specification_.in_plane, draws, image_out, labels_out, scratch.row_values,
           scratch.row_indices);
  else
    crop(source, patch, draws, image_out, labels_out);
  for (int64_t channel = 0; channel < source.channels; ++channel)
    ChannelSteps(specification_, draws, static_cast<uint32_t>(channel), image_out + channel * voxel_count(patch),
                 scratch)
        .run();
}

}  // namespace medvol::datasets
