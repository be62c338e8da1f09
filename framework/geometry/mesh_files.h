#pragma once
#include <string>

#include "framework/geometry/mesh.h"

namespace medvol::geometry {

/// Content of a mesh file, to be written by storage::write_atomic. Coordinates are LPS, mm, and the header says so as
/// 3D Slicer reads it (SPACE=LPS).
std::string ply_bytes(const Mesh& mesh);  ///< Stanford PLY, binary little endian, float32 vertices
std::string obj_text(const Mesh& mesh);   ///< Wavefront OBJ

}  // namespace medvol::geometry
