#pragma once
#include <ATen/core/Tensor.h>

#include "framework/config/fields.h"
#include "framework/geometry/mesh.h"
#include "framework/imaging/volume.h"

namespace medvol::trainers {

struct VertexFeatureOptions {
  int64_t profile_samples = 4;
  double profile_spacing = 0.5;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("profile_samples", profile_samples,
          "a vertex sees the image at itself and at so many points along its normal, inwards and outwards each",
          config::at_least(0));
    visit("profile_spacing", profile_spacing, "distance between those points, mm", config::positive());
  }
};

/// How many features a vertex has, for images of `channels` and one of `structures` kinds of meshes.
int64_t vertex_feature_count(const VertexFeatureOptions& options, int64_t channels, int64_t structures);

/// What a mesh network is told of each vertex, [V, vertex_feature_count] float32, in this order: outward unit normal;
/// uniform Laplacian, mm (where a staircase bends, and how much); position relative to the mesh's centre over its mean
/// radius (vectors in LPS); the image's channels at the profile's points, innermost first; which structure it is, one
/// of `structures` as a one. `image` [C, D, H, W] as preprocessing left it: normalised. Its grid need not be the
/// mesh's.
at::Tensor vertex_features(const geometry::Mesh& mesh, const imaging::Volume& image, int64_t structure,
                           int64_t structures, const VertexFeatureOptions& options);

}  // namespace medvol::trainers
