#pragma once
#include "networks/mesh_network.h"

namespace medvol::networks {

/// Every network of this folder, by the name that configurations use.
void register_graph(MeshNetworkRegistry& registry);

}  // namespace medvol::networks
