#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>

namespace medvol::geometry {

/// A triangle mesh in the patient: physical axes LPS, millimetres, as imaging::Geometry defines them. Faces run
/// counter-clockwise seen from outside. All functions of tensors here are differentiable in the vertices.
struct Mesh {
  at::Tensor vertices;  ///< [V, 3] float32 or float64, mm
  at::Tensor faces;     ///< [F, 3] int64, rows of `vertices`

  int64_t vertex_count() const { return vertices.size(0); }
  int64_t face_count() const { return faces.size(0); }
};

/// [F, 3]: along each face's outward normal, as long as its area, mm².
at::Tensor face_vectors(const at::Tensor& vertices, const at::Tensor& faces);
/// [F], mm².
at::Tensor face_areas(const at::Tensor& vertices, const at::Tensor& faces);
/// [V, 3] unit outward normals, the faces around a vertex weighted with their areas; 0 where there is no area.
at::Tensor vertex_normals(const at::Tensor& vertices, const at::Tensor& faces);
/// Area of all faces, mm².
double surface_area(const Mesh& mesh);
/// Signed volume inside a closed mesh, mm³, by the divergence theorem; positive when faces look outwards.
double enclosed_volume(const Mesh& mesh);

/// [E, 2] int64: every edge once, smaller index first, ordered.
at::Tensor unique_edges(const at::Tensor& faces);
/// [2, 2E] int64: every edge in both directions (row 0 from, row 1 to), as networks and Laplacians take them.
at::Tensor neighbour_edges(const at::Tensor& faces);
/// [P, 2] int64: pairs of faces that share an edge, for every edge that has just two.
at::Tensor adjacent_faces(const at::Tensor& faces);
/// [V, 3]: mean of a vertex's neighbours minus itself (the uniform, or umbrella, Laplacian; Desbrun et al. 1999), mm; 0
/// without neighbours. `edges`: as neighbour_edges gives them.
at::Tensor laplacian_offsets(const at::Tensor& vertices, const at::Tensor& edges);

}  // namespace medvol::geometry
