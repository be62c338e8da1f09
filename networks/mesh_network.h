#pragma once
#include <memory>

#include <torch/nn/module.h>
#include "framework/registry/registry.h"

namespace medvol::networks {

/// What a network on a mesh must fit.
struct MeshShape {
  int64_t in_features = 1;  ///< of each vertex
};

/// Moves the vertices of a mesh: message passing over its edges.
class MeshNetwork : public torch::nn::Module {
 public:
  /// features: [V, F], any floating type; edges: [2, E] int64, row 0 from, row 1 to, each edge in both directions, as
  /// geometry::neighbour_edges gives them; a vertex may have none. Returns offsets [V, 3] float32, mm. Vertices have no
  /// order: numbering them otherwise numbers the offsets so.
  virtual torch::Tensor forward(const torch::Tensor& features, const torch::Tensor& edges) = 0;
  /// Fills all parameters by the network's own initialisation from this generator; the offsets are then small.
  virtual void initialize(torch::Generator generator) = 0;
};

using MeshNetworkRegistry = registry::Registry<std::shared_ptr<MeshNetwork>, const MeshShape&>;
using MeshNetworkChoice = registry::Choice<std::shared_ptr<MeshNetwork>, const MeshShape&>;

}  // namespace medvol::networks
