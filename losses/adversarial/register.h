#pragma once
#include "losses/adversarial_loss.h"

namespace medvol::losses {

/// Every loss of this folder, by the name that configurations use.
void register_adversarial_losses(AdversarialLossRegistry& registry);

}  // namespace medvol::losses
