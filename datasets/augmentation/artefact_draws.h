#pragma once
#include "datasets/augmentation/augmentation_draws.h"

namespace medvol::datasets {

/// The scanner's artefacts of all channels.
void draw_artefacts(const AugmentationSpecification& specification, AugmentationDraws& draws, runtime::Philox& random);

/// A random increasing curve from 0 to 1 over evenly standing points (MONAI's RandHistogramShift): each point in turn
/// is drawn between its two neighbours.
void draw_histogram_shift(const AugmentationSpecification& specification, AugmentationDraws& draws,
                          runtime::Philox& random);

}  // namespace medvol::datasets
