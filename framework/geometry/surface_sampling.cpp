#include "framework/geometry/surface_sampling.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "framework/core/error.h"

namespace medvol::geometry {

SurfaceSample sample_surface(const Mesh& mesh, int64_t count, runtime::Philox& random) {
  const at::NoGradGuard no_grad;
  const at::Tensor cumulative =
      face_areas(mesh.vertices.to(at::kCPU, at::kDouble), mesh.faces.to(at::kCPU)).cumsum(0).contiguous();
  const double* areas = cumulative.data_ptr<double>();
  const int64_t faces = cumulative.numel();
  MEDVOL_CHECK(faces > 0 && areas[faces - 1] > 0, "a mesh of {} faces without area cannot be sampled", faces);
  SurfaceSample sample{at::empty({count}, at::kLong), at::empty({count, 3}, at::kDouble)};
  int64_t* face = sample.faces.data_ptr<int64_t>();
  double* weight = sample.weights.data_ptr<double>();
  for (int64_t i = 0; i < count; ++i) {
    const double area = (double(i) + random.uniform()) / double(count) * areas[faces - 1];
    face[i] = std::min<int64_t>(std::upper_bound(areas, areas + faces, area) - areas, faces - 1);
    const double root = std::sqrt(random.uniform()), along = random.uniform();
    weight[3 * i] = 1 - root;
    weight[3 * i + 1] = root * (1 - along);
    weight[3 * i + 2] = root * along;
  }
  return sample;
}

at::Tensor sampled_points(const SurfaceSample& sample, const at::Tensor& vertices, const at::Tensor& faces) {
  const at::Tensor rows = faces.index_select(0, sample.faces.to(faces.device()));
  const at::Tensor corners = vertices.index_select(0, rows.reshape(-1)).view({-1, 3, 3});
  return (corners * sample.weights.to(vertices.options()).unsqueeze(2)).sum(1);
}

}  // namespace medvol::geometry
