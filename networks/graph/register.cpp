#include "networks/graph/register.h"

#include "networks/graph/graph_refiner.h"

namespace medvol::networks {

void register_graph(MeshNetworkRegistry& registry) {
  registry.add<GraphRefinerOptions>("graph_refiner", "moves a mesh's vertices by graph convolutions, after Pixel2Mesh",
                                    [](const GraphRefinerOptions& options, const MeshShape& shape) {
                                      return std::make_shared<GraphRefiner>(options, shape);
                                    });
}

}  // namespace medvol::networks
