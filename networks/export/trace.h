#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <torch/script.h>

#include "networks/mesh_network.h"
#include "networks/network.h"

namespace medvol::networks {

/// An input or output of what is exported. `axes`: one name a dimension; an empty one is fixed at the traced size, axes
/// of the same name have the same size.
struct Port {
  std::string name;
  std::vector<std::string> axes;
};

/// A module as a function of tensors: what is exported.
struct Traceable {
  std::string name;  ///< for error messages: "UNet"
  torch::nn::Module& module;
  std::function<torch::Tensor(const std::vector<torch::Tensor>&)> forward;
  std::vector<Port> inputs;
  std::vector<torch::Tensor> examples;  ///< one an input
  Port output;
};

/// A network's finest head. Batch and spatial axes are open, and only the batch when the network has a `fixed_size()`.
/// input_shape: [N, C, (D,) H, W], the size to trace with.
Traceable traceable(Network& network, const std::vector<int64_t>& input_shape);

/// A network on meshes: "features" [vertices, in_features] and "edges" [2, edges] → "offsets" [vertices, 3]; any mesh.
Traceable traceable(MeshNetwork& network, int64_t in_features);

/// What the tracer saw in evaluation mode.
struct Trace {
  torch::jit::Module module;                 ///< holds the parameters and buffers under their names
  std::shared_ptr<torch::jit::Graph> graph;  ///< its first input is the module
};

/// Runs the module once and records it. Sizes that the module reads in C++ become constants.
Trace trace(const Traceable& subject);

}  // namespace medvol::networks
