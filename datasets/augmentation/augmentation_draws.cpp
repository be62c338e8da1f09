#include "datasets/augmentation/augmentation_draws.h"

#include <algorithm>
#include <cmath>

#include "datasets/augmentation/artefact_draws.h"
#include "datasets/augmentation/channel_chance.h"
#include "datasets/augmentation/rotation_matrix.h"

namespace medvol::datasets {
namespace {

using runtime::Philox;

double draw_factor(double low, double high, Philox& random) {
  const bool below = random.bernoulli(0.5);
  if (low < 1 && (below || high <= 1)) return random.uniform(low, std::min(1.0, high));
  return random.uniform(std::max(low, 1.0), high);
}

/// Angles about x, y and z, or one in the plane.
std::array<double, 3> draw_angles(const AugmentationSpecification& specification, Philox& random) {
  const double limit = specification.rotation_limit, share = specification.options.rotation.axis_probability;
  std::array<double, 3> angles{};
  const size_t count = specification.in_plane ? 1 : 3;
  for (size_t i = 0; i < count; ++i) angles[i] = random.uniform(-limit, limit);
  for (size_t i = 0; i < count; ++i)
    if (!chance(share, random)) angles[i] = 0;
  return angles;
}

/// One an axis of the output grid.
std::array<double, 3> draw_scales(const AugmentationSpecification& specification, Philox& random) {
  const ScalingOptions& options = specification.options.scaling;
  std::array<double, 3> scales{1, 1, 1};
  const bool together = chance(options.same_for_axes, random);
  const double common = together ? random.uniform(options.low, options.high) : 1;
  for (size_t axis = specification.in_plane ? 1 : 0; axis < 3; ++axis)
    scales[axis] = together ? common : random.uniform(options.low, options.high);
  return scales;
}

/// Axes are z, y, x = 0, 1, 2. The output grid is scaled, then turned about x, y and z as seen from it.
Matrix3 draw_matrix(const AugmentationSpecification& specification, bool rotate, bool scale, Philox& random) {
  Matrix3 matrix{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  if (rotate) {
    const std::array<double, 3> angles = draw_angles(specification, random);
    if (specification.in_plane)
      matrix = plane_rotation(1, 2, angles[0]);
    else
      matrix = rotation(angles[0], angles[1], angles[2]);
  }
  if (!scale) return matrix;
  const std::array<double, 3> scales = draw_scales(specification, random);
  for (auto& row : matrix)
    for (size_t column = 0; column < 3; ++column) row[column] *= scales[column];
  return matrix;
}

/// In 2D and dummy-2D every slice is bent alike, and none leaves its place.
void draw_elastic(const AugmentationSpecification& specification, ElasticDraws& elastic, Philox& random) {
  const ElasticOptions& options = specification.options.elastic;
  const int64_t points = options.points;
  elastic.points = {specification.in_plane ? 1 : points, points, points};
  const auto inner = [](int64_t index, int64_t count) { return count == 1 || (index >= 2 && index < count - 2); };
  for (size_t axis = 0; axis < 3; ++axis)
    for (int64_t z = 0; z < elastic.points[0]; ++z)
      for (int64_t y = 0; y < points; ++y)
        for (int64_t x = 0; x < points; ++x) {
          const double shift = random.uniform(-options.displacement, options.displacement);
          const bool moves = inner(z, elastic.points[0]) && inner(y, points) && inner(x, points);
          elastic.shifts.push_back(moves && !(specification.in_plane && axis == 0) ? float(shift) : 0);
        }
}

/// Turns the plane of two axes by 90 degrees: along `a` the patch now runs as it did along `b`.
void quarter_turn(AugmentationDraws& draws, size_t a, size_t b) {
  std::swap(draws.order[a], draws.order[b]);
  std::swap(draws.mirror[a], draws.mirror[b]);
  draws.mirror[a] = !draws.mirror[a];
}

void draw_axes(const AugmentationSpecification& specification, AugmentationDraws& draws, Philox& random) {
  const AugmentationOptions& options = specification.options;
  const std::vector<size_t>& axes = specification.exchangeable;
  const auto fires = [&](double probability) {
    return probability > 0 && !axes.empty() && random.bernoulli(probability);
  };
  if (fires(options.right_angles.probability)) {
    const size_t a = random.below(axes.size());
    const size_t b = (a + 1 + random.below(axes.size() - 1)) % axes.size();
    const uint64_t turns = random.below(4);
    for (uint64_t turn = 0; turn < turns; ++turn) quarter_turn(draws, axes[a], axes[b]);
  }
  if (fires(options.transposition.probability))
    for (size_t last = axes.size() - 1; last > 0; --last) {
      const size_t other = random.below(last + 1);
      std::swap(draws.order[axes[last]], draws.order[axes[other]]);
      std::swap(draws.mirror[axes[last]], draws.mirror[axes[other]]);
    }
}

void draw_factors(const FactorOptions& options, double ChannelDraws::*into, AugmentationDraws& draws, Philox& random) {
  if (!random.bernoulli(options.probability)) return;
  for (ChannelDraws& channel : draws.channels)
    if (chance(options.channel_probability, random)) channel.*into = draw_factor(options.low, options.high, random);
}

void draw_noise(const NoiseOptions& options, AugmentationDraws& draws, Philox& random) {
  if (!random.bernoulli(options.probability)) return;
  draws.noise_sigma = random.uniform(0, options.sigma);
  draws.noise_key = random.next_u64();
}

/// The median filter or the blur, or none of them.
void draw_smoothing(const AugmentationSpecification& specification, AugmentationDraws& draws, Philox& random) {
  const BlurOptions& blur = specification.options.blur;
  const MedianOptions& median = specification.options.median;
  const size_t first_axis = specification.first_axis();
  const double which = random.uniform();
  if (which >= blur.probability + median.probability) return;
  for (ChannelDraws& channel : draws.channels) {
    if (which >= blur.probability) {
      if (!random.bernoulli(median.channel_probability)) continue;
      channel.median = median.low + static_cast<int64_t>(random.below(uint64_t(median.high - median.low + 1)));
      continue;
    }
    if (!random.bernoulli(blur.channel_probability)) continue;
    for (size_t axis = first_axis; axis < 3; ++axis)
      channel.blur_sigma[axis] = axis > first_axis && blur.same_for_axes ? channel.blur_sigma[first_axis]
                                                                         : random.uniform(blur.low, blur.high);
  }
}

/// One of the two contrasts or none.
void draw_contrast(const AugmentationOptions& options, AugmentationDraws& draws, Philox& random) {
  const double which = random.uniform();
  const bool kept = which < options.contrast.probability;
  if (!kept && which >= options.contrast.probability + options.free_contrast.probability) return;
  const FactorOptions& drawn = kept ? options.contrast : options.free_contrast;
  for (ChannelDraws& channel : draws.channels) {
    if (!chance(drawn.channel_probability, random)) continue;
    channel.contrast = draw_factor(drawn.low, drawn.high, random);
    channel.keep_range = kept;
  }
}

void draw_gamma(const GammaOptions& options, AugmentationDraws& draws, Philox& random) {
  if (!random.bernoulli(options.probability)) return;
  for (ChannelDraws& channel : draws.channels) channel.gamma = draw_factor(options.low, options.high, random);
}

void draw_low_resolution(const LowResolutionOptions& options, AugmentationDraws& draws, Philox& random) {
  if (!random.bernoulli(options.probability)) return;
  for (ChannelDraws& channel : draws.channels)
    if (random.bernoulli(options.channel_probability))
      channel.low_resolution = random.uniform(options.low, options.high);
}

/// batchgeneratorsv2's LocalTransform with the ranges that nnU-Net's DA5 gives it.
WindowDraws draw_window(const AugmentationSpecification& specification, Philox& random) {
  WindowDraws window;
  for (size_t axis = specification.first_axis(); axis < 3; ++axis) {
    const int64_t size = specification.patch_size[axis];
    window.centre[axis] = random.uniform(-0.5, 1.5) * double(size);
    const double narrowest = std::log(double(std::max<int64_t>(1, size / 6)));
    window.width[axis] = std::exp(random.uniform(narrowest, std::log(double(size))));
  }
  return window;
}

void draw_cut_out(const AugmentationSpecification& specification, ChannelDraws& channel, Philox& random) {
  const CutOutOptions& options = specification.options.cut_out;
  const uint64_t count = 1 + random.below(static_cast<uint64_t>(options.most));
  for (uint64_t i = 0; i < count; ++i) {
    BoxDraws box{{0, 0, 0}, {1, 1, 1}};
    for (size_t axis = specification.first_axis(); axis < 3; ++axis) {
      const int64_t size = specification.patch_size[axis];
      const int64_t low = std::max<int64_t>(1, static_cast<int64_t>(double(size) * options.low));
      const int64_t end = std::max(low + 1, static_cast<int64_t>(double(size) * options.high));
      box.size[axis] = low + static_cast<int64_t>(random.below(static_cast<uint64_t>(end - low)));
      box.begin[axis] = static_cast<int64_t>(random.below(static_cast<uint64_t>(size - box.size[axis] + 1)));
    }
    channel.cut_out.push_back(box);
  }
}

/// The steps that follow mirroring.
void draw_local_steps(const AugmentationSpecification& specification, AugmentationDraws& draws, Philox& random) {
  const AugmentationOptions& options = specification.options;
  for_chosen_channels(options.cut_out, draws, random,
                      [&](ChannelDraws& channel) { draw_cut_out(specification, channel, random); });
  for_chosen_channels(options.brightness_gradient, draws, random, [&](ChannelDraws& channel) {
    channel.gradient_window = draw_window(specification, random);
    const double height = random.uniform(options.brightness_gradient.low, options.brightness_gradient.high);
    channel.gradient = random.bernoulli(0.5) ? -height : height;
  });
  for_chosen_channels(options.local_gamma, draws, random, [&](ChannelDraws& channel) {
    const LocalGammaOptions& range = options.local_gamma;
    channel.local_gamma_window = draw_window(specification, random);
    channel.local_gamma = random.bernoulli(0.5) ? random.uniform(range.low, range.below)  //
                                                : random.uniform(range.above, range.high);
  });
  for_chosen_channels(options.sharpening, draws, random, [&](ChannelDraws& channel) {
    channel.sharpening = random.uniform(options.sharpening.low, options.sharpening.high);
  });
}

void clear(AugmentationDraws& draws, int64_t channels) {
  draws.interpolate = false;
  draws.matrix = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  draws.elastic.shifts.clear();
  draws.order = {0, 1, 2};
  draws.mirror = {};
  draws.noise_sigma = 0;
  draws.noise_key = 0;
  draws.channels.resize(static_cast<size_t>(channels));
  for (ChannelDraws& channel : draws.channels) {
    std::vector<BoxDraws> memory = std::move(channel.cut_out);
    memory.clear();
    channel = ChannelDraws{};
    channel.cut_out = std::move(memory);
  }
}

}  // namespace

void draw(const AugmentationSpecification& specification, int64_t channels, Philox& random, AugmentationDraws& into) {
  const AugmentationOptions& options = specification.options;
  clear(into, channels);
  if (!options.enabled) return;

  const bool rotate = random.bernoulli(options.rotation.probability);
  const bool scale = random.bernoulli(options.scaling.probability);
  into.interpolate = rotate || scale;
  into.matrix = draw_matrix(specification, rotate, scale, random);
  if (options.elastic.probability > 0 && random.bernoulli(options.elastic.probability)) {
    into.interpolate = true;
    draw_elastic(specification, into.elastic, random);
  }
  draw_axes(specification, into, random);
  draw_artefacts(specification, into, random);
  draw_noise(options.noise, into, random);
  draw_smoothing(specification, into, random);
  draw_factors(options.brightness, &ChannelDraws::brightness, into, random);
  for_chosen_channels(options.brightness_shift, into, random, [&](ChannelDraws& channel) {
    channel.brightness_shift = options.brightness_shift.sigma * random.normal();
  });
  draw_contrast(options, into, random);
  draw_low_resolution(options.low_resolution, into, random);
  draw_factors(options.gamma_inverted, &ChannelDraws::gamma_inverted, into, random);
  draw_gamma(options.gamma, into, random);
  draw_histogram_shift(specification, into, random);
  for (size_t axis = 0; axis < 3; ++axis)
    if (specification.mirror_axes[axis] && random.bernoulli(options.mirror.probability))
      into.mirror[axis] = !into.mirror[axis];
  draw_local_steps(specification, into, random);
}

}  // namespace medvol::datasets
