#pragma once
#include "losses/image_loss.h"

namespace medvol::losses {

/// Every loss of this folder, by the name that configurations use.
void register_image_losses(ImageLossRegistry& registry);

}  // namespace medvol::losses
