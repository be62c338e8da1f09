#include "framework/geometry/mesh_files.h"

#include <ATen/ATen.h>

#include <bit>
#include <iterator>

#include "framework/core/error.h"

namespace medvol::geometry {
namespace {

static_assert(std::endian::native == std::endian::little);

template <class T>
void append(std::string& bytes, const T* values, size_t count) {
  bytes.append(reinterpret_cast<const char*>(values), count * sizeof(T));
}

}  // namespace

std::string ply_bytes(const Mesh& mesh) {
  const at::Tensor vertices = mesh.vertices.to(at::kCPU, at::kFloat).contiguous();
  const at::Tensor faces = mesh.faces.to(at::kCPU, at::kInt).contiguous();
  std::string bytes = fmt::format(
      "ply\nformat binary_little_endian 1.0\ncomment SPACE=LPS\nelement vertex {}\n"
      "property float x\nproperty float y\nproperty float z\nelement face {}\n"
      "property list uchar int vertex_indices\nend_header\n",
      vertices.size(0), faces.size(0));
  append(bytes, vertices.data_ptr<float>(), size_t(vertices.numel()));
  constexpr uint8_t corners = 3;
  for (int64_t f = 0; f < faces.size(0); ++f) {
    append(bytes, &corners, 1);
    append(bytes, faces.data_ptr<int32_t>() + 3 * f, 3);
  }
  return bytes;
}

std::string obj_text(const Mesh& mesh) {
  const at::Tensor vertices = mesh.vertices.to(at::kCPU, at::kFloat).contiguous();
  const at::Tensor faces = mesh.faces.to(at::kCPU).contiguous();
  std::string text = "# SPACE=LPS, mm\n";
  for (int64_t v = 0; v < vertices.size(0); ++v) {
    const float* p = vertices.data_ptr<float>() + 3 * v;
    fmt::format_to(std::back_inserter(text), "v {} {} {}\n", p[0], p[1], p[2]);
  }
  for (int64_t f = 0; f < faces.size(0); ++f) {
    const int64_t* corner = faces.data_ptr<int64_t>() + 3 * f;
    fmt::format_to(std::back_inserter(text), "f {} {} {}\n", corner[0] + 1, corner[1] + 1, corner[2] + 1);
  }
  return text;
}

}  // namespace medvol::geometry
