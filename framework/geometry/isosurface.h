#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "framework/geometry/mesh.h"
#include "framework/imaging/volume.h"

namespace medvol::geometry {

/// The surface where `field` [D, H, W] crosses `level`; inside is what lies above it. Marching cubes (Lorensen and
/// Cline, SIGGRAPH 1987) with a table that is derived instead of listed: on an ambiguous face of a cube the two inside
/// corners are always separated, by both cubes that share it, and no polygon is cut along a cube's face. So every mesh
/// is closed and a manifold, whatever the field. Where the field reaches the border of the grid with values above
/// `level`, the surface is closed half a voxel beyond the last centre. Vertices are float64; an empty inside gives an
/// empty mesh.
Mesh isosurface(const at::Tensor& field, const imaging::Geometry& geometry, double level = 0.5);

/// The surface of one label of a label map [D, H, W], half-way between its voxels and their neighbours.
Mesh label_surface(const imaging::Volume& labels, int64_t label);

/// An edge of a cube, axis · 8 + corner: from `corner` (x + 2y + 4z, without the axis' bit) to its neighbour along
/// `axis` (0 x, 1 y, 2 z).
using CubeEdge = uint8_t;
/// Triangles of cube edges for each of the 256 sets of corners inside (bit x + 2y + 4z), counter-clockwise from outside
/// in a right-handed x, y, z.
const std::array<std::vector<std::array<CubeEdge, 3>>, 256>& cube_triangles();
/// Whether two edges of a cube lie on one of its faces.
bool share_a_face(CubeEdge a, CubeEdge b);

}  // namespace medvol::geometry
