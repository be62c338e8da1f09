#pragma once
#include "networks/discriminator.h"
#include "networks/network.h"

namespace medvol::networks {

/// Every discriminator of this folder, by the name that configurations use.
void register_discriminators(DiscriminatorRegistry& registry);

/// The generators of images from label maps.
void register_generators(NetworkRegistry& registry);

}  // namespace medvol::networks
