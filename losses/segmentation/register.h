#pragma once
#include "losses/loss.h"

namespace medvol::losses {

/// Every loss of this folder, by the name that configurations use.
void register_segmentation(LossRegistry& registry);

}  // namespace medvol::losses
