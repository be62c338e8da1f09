#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <torch/types.h>

#include "framework/geometry/mesh.h"
#include "framework/imaging/volume.h"
#include "losses/geometry/mesh_loss.h"
#include "trainers/mesh/vertex_features.h"

namespace medvol::trainers {

/// A case as a mesh trainer gets it: the image on the network's grid, both label maps on the file's.
struct MeshCase {
  std::string id;
  imaging::Volume image;       ///< [C, D, H, W] float32, normalised
  imaging::Volume prediction;  ///< [D, H, W], of a segmenter
  imaging::Volume reference;   ///< [D, H, W]
};

/// The surface of one structure of one case, as predicted and as it should be.
struct MeshSample {
  std::string id;
  int64_t label = 0;
  geometry::Mesh predicted, reference;  ///< float64, patient coordinates
  torch::Tensor features;               ///< [V, F] float32
  losses::MeshConnections connections;  ///< of `predicted`
  torch::Tensor centre;                 ///< [3] float64, mm; losses count from here, where float32 is exact enough
};

/// The meshes of a case.
struct MeshSamples {
  std::string id;
  std::vector<MeshSample> samples;
  int64_t missed = 0;    ///< structures of a reference that the prediction lacks: nothing there to be refined
  int64_t invented = 0;  ///< structures of a prediction that the reference lacks
};

/// One sample for each label that both label maps of the case hold. Throws core::UserError when their grids differ or
/// the images are two-dimensional.
MeshSamples make_mesh_samples(const MeshCase& one, const std::vector<int64_t>& labels,
                              const VertexFeatureOptions& options);

}  // namespace medvol::trainers
