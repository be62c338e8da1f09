#pragma once
#include "datasets/augmentation/augmentation_draws.h"

namespace medvol::datasets {

/// Draws nothing where the answer is certain, so that options which say so leave the other draws as they are.
inline bool chance(double probability, runtime::Philox& random) {
  return probability >= 1 || random.bernoulli(probability);
}

/// Calls `step` for the channels that a step chooses. Steps that are off (all but nnU-Net's default ones are) draw
/// nothing, so that they leave the other draws as they are.
template <class Options, class Step>
void for_chosen_channels(const Options& options, AugmentationDraws& draws, runtime::Philox& random, const Step& step) {
  if (options.probability <= 0 || !random.bernoulli(options.probability)) return;
  for (ChannelDraws& channel : draws.channels)
    if (chance(options.channel_probability, random)) step(channel);
}

}  // namespace medvol::datasets
