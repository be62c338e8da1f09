#pragma once
#include "networks/network.h"

namespace medvol::networks {

/// Every network of this folder, by the name that configurations use.
void register_super_resolution(NetworkRegistry& registry);

}  // namespace medvol::networks
