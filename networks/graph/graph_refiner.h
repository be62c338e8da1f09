#pragma once
#include "framework/config/fields.h"
#include "networks/graph/graph_convolution.h"
#include "networks/mesh_network.h"

namespace medvol::networks {

struct GraphRefinerOptions {
  int64_t width = 128;
  int64_t blocks = 6;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("width", width, "features of each vertex inside (Pixel2Mesh: 128)", config::at_least(1));
    visit("blocks", blocks,
          "residual blocks of two graph convolutions; a vertex sees as far as 2·blocks + 2 edges (Pixel2Mesh: 6)",
          config::at_least(1));
  }
};

/// Pixel2Mesh's deformation block (Wang et al., ECCV 2018, section 3.3): graph convolution, residual blocks of two with
/// ReLU whose result is averaged with their input (as the authors' program does), and a graph convolution to the
/// offset. Corrects a surface in place, as in Voxel2Mesh (Wickramasinghe et al., MICCAI 2020), without changing its
/// edges.
class GraphRefiner : public MeshNetwork {
 public:
  GraphRefiner(const GraphRefinerOptions& options, const MeshShape& shape);
  torch::Tensor forward(const torch::Tensor& features, const torch::Tensor& edges) override;
  void initialize(torch::Generator generator) override;

 private:
  GraphConvolution stem_{nullptr}, head_{nullptr};
  torch::nn::ModuleList blocks_;
};

}  // namespace medvol::networks
