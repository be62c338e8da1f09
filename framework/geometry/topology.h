#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

namespace medvol::geometry {

/// What a mesh is as a surface, whatever its shape.
struct Topology {
  int64_t vertices = 0;         ///< those that a face uses
  int64_t unused_vertices = 0;  ///< of no face
  int64_t edges = 0, faces = 0;
  int64_t components = 0;         ///< parts that no edge connects
  int64_t boundary_edges = 0;     ///< of one face: a hole
  int64_t crowded_edges = 0;      ///< of three faces or more
  int64_t misoriented_edges = 0;  ///< run through in the same direction by both of their faces
  int64_t degenerate_faces = 0;   ///< that name a vertex twice

  /// V − E + F: 2 for each sphere-like component, 0 for a torus.
  int64_t euler_characteristic() const { return vertices - edges + faces; }
  /// Every edge belongs to two faces that agree on what is outside: the mesh encloses a volume.
  bool closed() const {
    return boundary_edges == 0 && crowded_edges == 0 && misoriented_edges == 0 && degenerate_faces == 0;
  }
  /// "closed, 1 component, Euler characteristic 2", or what is wrong.
  std::string text() const;
};

/// faces: [F, 3] int64; `vertex_count` counts those that no face uses as well.
Topology topology(const at::Tensor& faces, int64_t vertex_count);

}  // namespace medvol::geometry
