#include "datasets/augmentation/artefact_draws.h"

#include <cmath>
#include <numbers>

#include "datasets/augmentation/channel_chance.h"
#include "datasets/augmentation/rotation_matrix.h"

namespace medvol::datasets {
namespace {

using runtime::Philox;

/// Whole numbers from low to high, both included.
int64_t draw_whole(int64_t low, int64_t high, Philox& random) {
  return low + static_cast<int64_t>(random.below(static_cast<uint64_t>(high - low + 1)));
}

size_t draw_axis(const AugmentationSpecification& specification, Philox& random) {
  return static_cast<size_t>(draw_whole(static_cast<int64_t>(specification.first_axis()), 2, random));
}

Movement draw_movement(const AugmentationSpecification& specification, double time, Philox& random) {
  const MotionOptions& options = specification.options.motion;
  const double limit = options.degrees * std::numbers::pi / 180;
  Movement movement;
  movement.time = time;
  if (specification.dimensions == 2) {
    movement.matrix = plane_rotation(1, 2, random.uniform(-limit, limit));
  } else {
    const double about_x = random.uniform(-limit, limit), about_y = random.uniform(-limit, limit),
                 about_z = random.uniform(-limit, limit);
    movement.matrix = rotation(about_x, about_y, about_z);
  }
  for (size_t axis = specification.first_axis(); axis < 3; ++axis)
    movement.shift[axis] = random.uniform(-options.translation, options.translation);
  return movement;
}

/// Times stand evenly but for three tenths of the step between them; the part of k-space around its middle is the
/// resting patient's (TorchIO's RandomMotion).
void draw_motion(const AugmentationSpecification& specification, MotionDraws& motion, Philox& random) {
  constexpr double perturbation = 0.3;
  const int64_t count = specification.options.motion.movements;
  const double step = 1 / double(count + 1);
  motion.axis = draw_axis(specification, random);
  motion.resting = count;
  for (int64_t i = 0; i < count; ++i) {
    const double time = double(i + 1) * step + random.uniform(-perturbation, perturbation) * step;
    if (time > 0.5 && motion.resting == count) motion.resting = i;
    motion.movements.push_back(draw_movement(specification, time, random));
  }
}

void draw_bias(const AugmentationSpecification& specification, ChannelDraws& channel, Philox& random) {
  const BiasFieldOptions& options = specification.options.bias_field;
  for (int64_t z = 0; z <= options.order; ++z)
    for (int64_t y = 0; y <= options.order; ++y)
      for (int64_t x = 0; x <= options.order; ++x) {
        const bool within = z + y + x <= options.order;
        channel.bias.push_back(within ? random.uniform(-options.coefficient, options.coefficient) : 0);
      }
}

}  // namespace

void draw_artefacts(const AugmentationSpecification& specification, AugmentationDraws& draws, Philox& random) {
  const AugmentationOptions& options = specification.options;
  for_chosen_channels(options.motion, draws, random,
                      [&](ChannelDraws& channel) { draw_motion(specification, channel.motion, random); });
  for_chosen_channels(options.ghosting, draws, random, [&](ChannelDraws& channel) {
    channel.ghosting.axis = draw_axis(specification, random);
    channel.ghosting.every = draw_whole(options.ghosting.few, options.ghosting.many, random);
    channel.ghosting.weakened = random.uniform(options.ghosting.low, options.ghosting.high);
  });
  for_chosen_channels(options.spike, draws, random, [&](ChannelDraws& channel) {
    channel.spike.ratio = random.uniform(options.spike.low, options.spike.high);
    for (double& place : channel.spike.place) place = random.uniform();
  });
  for_chosen_channels(options.bias_field, draws, random,
                      [&](ChannelDraws& channel) { draw_bias(specification, channel, random); });
  for_chosen_channels(options.anisotropy, draws, random, [&](ChannelDraws& channel) {
    channel.anisotropy.axis = draw_axis(specification, random);
    channel.anisotropy.thickness = random.uniform(options.anisotropy.low, options.anisotropy.high);
  });
}

void draw_histogram_shift(const AugmentationSpecification& specification, AugmentationDraws& draws, Philox& random) {
  const HistogramShiftOptions& options = specification.options.histogram_shift;
  for_chosen_channels(options, draws, random, [&](ChannelDraws& channel) {
    const int64_t count = draw_whole(options.few, options.many, random);
    std::vector<double>& points = channel.histogram;
    for (int64_t i = 0; i < count; ++i) points.push_back(double(i) / double(count - 1));
    for (size_t i = 1; i + 1 < points.size(); ++i) points[i] = random.uniform(points[i - 1], points[i + 1]);
  });
}

}  // namespace medvol::datasets
